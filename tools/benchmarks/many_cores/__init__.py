# SPDX-License-Identifier: BSL-1.0
"""The parts of many_cores.py."""
