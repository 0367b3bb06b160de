# SPDX-License-Identifier: BSL-1.0
"""The constants of the parallel host, read from its source. A name that is gone is an error."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[3]
UNITS = {"": 1, "us": 1e3, "ms": 1e6}

PLACES = {  # name: file, pattern
    "patience": ("lib/parallel/worker_pool.cpp", r"duration patience = (\d+)(us|ms);"),
    "first_pause": ("lib/parallel/worker_pool.cpp", r"duration first_pause = (\d+)(us|ms);"),
    "last_pause": ("lib/parallel/worker_pool.cpp", r"duration last_pause = (\d+)(us|ms);"),
    "worthwhile": ("lib/parallel/worker_pool.cpp", r"duration worthwhile = (\d+)(us|ms);"),
    "few": ("lib/parallel/worker_pool.hpp", r"std::size_t few = (\d+)();"),
    "enough": ("lib/parallel/worker_pool.cpp", r"int enough = (\d+)();"),
    "pauses_between_looks": ("lib/parallel/worker_pool.cpp",
                             r"i < (\d+)(); \+\+i\)\s+back_off\(\)\(\);"),
    "most": ("lib/core/host_worker.cpp", r"std::uint32_t most = (\d+)();"),
    "turns_of_a_drain": ("include/heddle/detail/core/host.hpp",
                         r"int budget = (\d+)() \* turn_cost;"),
    "turn_cost": ("include/heddle/detail/core/host.hpp", r"int turn_cost = (\d+)();"),
    "first_numbers": ("include/heddle/detail/core/task_registry.hpp", r"uint16_t batch_ = (\d+)();"),
    "most_numbers": ("lib/core/host.cpp", r"registry_\(worker_ \? (\d+)() : 1\)"),
    "lock_pauses": ("lib/platform/locks.cpp",
                    r"spin_lock::wait\(\) const noexcept \{\s+for \(int i = 0; i < (\d+)();"),
    "thief_looks": ("lib/platform/locks.cpp", r"passed && spins < (\d+)();"),
}


def constants():
    found = {}
    for name, (path, pattern) in PLACES.items():
        match = re.search(pattern, (ROOT / path).read_text())
        if not match:
            raise LookupError(f"{path} has no {name}: {pattern}")
        found[name] = int(match[1]) * UNITS[match[2]]
    return found


# The rules that are simulated, and a phrase of the code without which they are not true.
RULES = {
    "the searcher wakes one idle worker, the first in order":
        ("lib/parallel/worker_pool.cpp",
         r"any_of\(workers_\.begin\(\), workers_\.end\(\),[^}]*"
         r"return w->inbox_\.is_idle\(\) && w->wake_to_search\(\);"),
    "a searcher that found work wakes the next": (
        "lib/parallel/worker_pool.cpp", r"search_\.store\(search::none.*\s+wake_searcher\(search::none\);"),
    "a thief begins at random, and takes half": (
        "lib/core/host_worker.cpp", r"std::min\(\(n \+ 1\) / 2, most\)"),
    "a thief looks at each worker": (
        "lib/parallel/worker_pool.cpp", r"victim = \(\*this\)\[\(start \+ i\) % n\]"),
    "each push reads the state of the search": (
        "lib/core/worker.hpp", r"search w = search_\.load"),
    "short finds alone make the searcher back off": (
        "lib/parallel/worker_pool.cpp", r"backs_off_\.store\(short_finds_ >= enough"),
    "a thief executes the fence": ("lib/platform/locks.cpp", r"port::pass_barrier\(\)"),
    "a drain that has spent its budget posts itself": (
        "lib/core/host.cpp", r"post_drain\(true\);"),
}


def missing_rules():
    return [rule for rule, (path, pattern) in RULES.items()
            if not re.search(pattern, (ROOT / path).read_text())]
