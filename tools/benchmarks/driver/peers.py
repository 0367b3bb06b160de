# SPDX-License-Identifier: BSL-1.0
"""The programs: how they are built, and which workloads each can run."""

import os
import pathlib
import shutil
import subprocess
import sys
from dataclasses import dataclass, field

from . import SOURCES, say

CXX = os.environ.get("CXX", "c++")


@dataclass
class Peer:
    name: str
    commands: dict  # threads: command
    limit: str = "limit (locked)"  # the bound that pays for the same locked instructions
    slow: int = 1  # runs so many times fewer operations where that does not change the figure
    sizes: dict = field(default_factory=dict)  # workload: operations at most
    cannot: dict = field(default_factory=dict)  # workload, or (workload, threads): why
    only: str = ""  # the name of its server, if it has no other program

    def takes_part(self, workload):
        if workload.alone:
            return self.name in workload.alone
        return workload.server or not self.only

    def refuses(self, workload, threads):
        return (self.cannot.get(workload.name) or self.cannot.get(workload.family) or
                self.cannot.get((workload.name, threads)))


@dataclass
class Programs:
    peers: list
    echo_client: pathlib.Path
    skipped: list
    versions: list


def run(*args, cwd=None):
    """Runs a command that must succeed. Returns its output."""
    done = subprocess.run(args, cwd=cwd, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    if done.returncode:
        sys.exit(f"{done.stdout}bench: {args[0]} failed, see above")
    return done.stdout


class Build:
    """Builds the wanted programs below one folder, and remembers those that cannot be built."""

    def __init__(self, out, wanted, quick=False):
        self.out, self.wanted = out, wanted
        self.type = "Debug" if quick else "Release"  # builds in half the time
        self.cpp = out / (pathlib.Path(CXX).name + ("-quick" if quick else ""))
        self.skipped, self.versions = [], []

    def wants(self, peer):
        return not self.wanted or peer in self.wanted

    def skip(self, peer, why):
        self.skipped.append(f"{peer}: {why}")
        say(f"{peer}: skipped, {why}")

    def programs(self):
        missing = [tool for tool in ("cmake", CXX) if not shutil.which(tool)]
        if missing:
            sys.exit(f"bench: missing: {' '.join(missing)}"
                     "  (Debian: apt install cmake g++ ninja-build libasio-dev)")
        self.versions.append(run(CXX, "--version").splitlines()[0])
        peers = [*self.in_cpp(), *self.in_go(), *self.in_rust()]
        return Programs(peers, self.cpp / "bench_echo_client", self.skipped, self.versions)

    def in_cpp(self):
        ninja = ["-G", "Ninja"] if shutil.which("ninja") else []
        configured = run("cmake", "-S", SOURCES, "-B", self.cpp,
                         f"-DCMAKE_BUILD_TYPE={self.type}", f"-DCMAKE_CXX_COMPILER={CXX}", *ninja)
        self.versions += [line.partition("versions: ")[2] for line in configured.splitlines()
                          if "versions: " in line]
        known = run("cmake", "--build", self.cpp, "--target", "help")
        peers = []
        for peer in self.cpp_peers():
            if not self.wants(peer.name):
                continue
            if all(pathlib.Path(c[0]).name in known for c in peer.commands.values()):
                peers.append(peer)
            else:
                self.skip(peer.name, "Boost.Fiber is not installed  (Debian: libboost-fiber-dev)")
        targets = {pathlib.Path(c[0]).name for p in peers for c in p.commands.values()}
        say(f"building in {self.cpp}")
        jobs = os.environ.get("CMAKE_BUILD_PARALLEL_LEVEL", str(os.cpu_count()))
        run("cmake", "--build", self.cpp, "--parallel", jobs, "--target",
            "bench_echo_client", "bench_idle", *sorted(targets))
        return peers

    def cpp_peers(self):
        def program(name, *options):
            return [self.cpp / f"bench_{name}", *options]

        calls_only = {"call/throw": "it has no exceptions", "call/timeout": "it has no timers"}
        no_streams = {"pipeline": "it has no streams",
                      **dict.fromkeys(("broadcast", "watch", "oneshot", "shared_mutex", "semaphore",
                                       "rate_limiter"), "no program was written for it")}
        quadratic = {"cancel/shared": 5000}  # cancelling one of n waiters takes O(n)
        return [
            Peer("heddle", {0: program("heddle")}, "limit"),
            Peer("heddle (locked)", {1: program("heddle", "--locked")}),
            Peer("limit", {1: program("limit")}, cannot=calls_only),
            Peer("limit (locked)", {1: program("limit_locked")}, cannot=calls_only),
            Peer("limit (stealing)", {2: program("limit_stealing")}),
            Peer("asio", {1: program("asio"), 2: program("asio_threads")},
                 slow=5, sizes=quadratic, cannot=no_streams),
            Peer("asio (tuned)", {1: program("asio_tuned"), 2: program("asio_tuned_threads")},
                 slow=5, sizes=quadratic, cannot=no_streams),
            Peer("asio (callbacks)", {1: program("asio")}, only="echo_callbacks"),
            Peer("boost.fiber", {0: program("fiber")}, slow=5,
                 sizes={"parked": 100_000, "skynet/channels": 100_000, "skynet/join": 100_000,
                        "spawn_join_all": 100_000},
                 cannot={**no_streams, "select": "it has no select", "selector": "it has no select",
                         "cancel": "it has no select",
                         "call": "a call there is a plain call",
                         "echo": "it has no sockets",
                         ("sieve", 2): "2000 primes take minutes",
                         ("stream/1", 2): "a value may take 50 us"}),
        ]

    def in_go(self):
        if not self.wants("go"):
            return []
        if not shutil.which("go"):
            self.skip("go", "it is not installed  (Debian: golang-go)")
            return []
        program = self.out / "bench_go"
        run("go", "build", "-buildvcs=false", "-o", program, ".", cwd=SOURCES / "go")
        self.versions.append(run("go", "version").split()[2].replace("go", "Go ", 1))
        return [Peer("go", {0: [program]}, cannot={"watch": "it has no watch",
                                                   "rate_limiter": "its library has none"})]

    def in_rust(self):
        if not self.wants("tokio"):
            return []
        if not shutil.which("cargo"):
            self.skip("tokio", "cargo is not installed")
            return []
        manifest = ["--locked", "--manifest-path", SOURCES / "tokio" / "Cargo.toml"]
        fetched = subprocess.run(["cargo", "fetch", *manifest], text=True, capture_output=True)
        if fetched.returncode:
            why = (fetched.stderr.strip().splitlines() or ["no reason given"])[-1].strip()
            self.skip("tokio", f"cargo could not fetch it: {why}")
            return []
        target = self.out / "tokio"
        say(f"building in {target}")
        run("cargo", "build", "--quiet", "--release", "--target-dir", target, *manifest)
        lock = (SOURCES / "tokio" / "Cargo.lock").read_text()
        version = lock.partition('name = "tokio"\nversion = "')[2].partition('"')[0]
        self.versions.append(f"Tokio {version}")
        return [Peer("tokio", {0: [target / "release" / "bench_tokio"]}, slow=2,
                     cannot={"rate_limiter": "it has none"})]


NAMES = [*(p.name for p in Build(pathlib.Path(), []).cpp_peers()), "go", "tokio"]
