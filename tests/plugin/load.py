# SPDX-License-Identifier: BSL-1.0
# Python loads libraries that contain heddle, as it loads extension modules: late, when little room is left for
# thread_local variables (static TLS). Usage: load.py LIBRARY...
import ctypes
import os
import shutil
import sys
import tempfile
import threading

COPIES = 8  # of each library, like modules that each contain a heddle of their own


def use(library):
    if not hasattr(library, "plugin_run"):  # libheddle.so itself only has to load
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
