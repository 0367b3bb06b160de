# SPDX-License-Identifier: BSL-1.0
# Python loads libraries that hold heddle, as it loads a module of somebody's: late, when little room is left for
# variables of threads (static TLS). Usage: load.py LIBRARY...
import ctypes
import os
import shutil
import sys
import tempfile
import threading

COPIES = 8  # of each, as so many modules that each bring a heddle of their own


def use(library):
    if not hasattr(library, "plugin_run"):  # libheddle.so itself: that it loads is enough
        return
    results = []
    threads = [threading.Thread(target=lambda: results.append(library.plugin_run())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    results.append(library.plugin_run())
    if results != [42, 42, 42]:
        sys.exit(f"{library._name}: {results}")


with tempfile.TemporaryDirectory() as directory:
    for path in sys.argv[1:]:
        use(ctypes.CDLL(path))
        for i in range(COPIES):
            copy = os.path.join(directory, f"{i}_{os.path.basename(path)}")
            shutil.copy(path, copy)
            use(ctypes.CDLL(copy))
