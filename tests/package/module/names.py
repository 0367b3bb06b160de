#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Checks that the module heddle exports every public name of heddle/heddle.hpp, and no other.

usage: names.py INCLUDE CLANG FLAGS...
A public name is declared in namespace heddle or heddle::this_task. clang lists them.
"""
import json
import pathlib
import re
import subprocess
import sys

include, *clang = sys.argv[1:]
dump = subprocess.run(
    [*clang, "-fsyntax-only", "-Xclang", "-ast-dump=json", "-Xclang", "-ast-dump-filter=heddle", "-x", "c++", "-"],
    input="#include <heddle/heddle.hpp>\n", capture_output=True, text=True, check=True).stdout

NOT_FOR_USERS = {"detail", "asio"}


def names_in(scope, prefix):
    for declaration in scope.get("inner", []):
        name = declaration.get("name", "").split("::")[-1]
        outside_its_class = "parentDeclContextId" in declaration
        if declaration["kind"] == "NamespaceDecl":
            if name not in NOT_FOR_USERS:
                yield from names_in(declaration, prefix if declaration.get("isInline") else f"{prefix}{name}::")
        elif re.fullmatch(r"\w+", name) and name not in NOT_FOR_USERS and not outside_its_class:
            yield prefix + name


declared, decoder, at = set(), json.JSONDecoder(), dump.find("{")
while at >= 0:
    node, end = decoder.raw_decode(dump, at)
    if node["kind"] == "NamespaceDecl" and node.get("name") == "heddle":
        declared.update(names_in(node, "heddle::"))
    at = dump.find("{", end)

exported = set(re.findall(r"^using (heddle::[\w:]+);$", (pathlib.Path(include) / "heddle.cppm").read_text(), re.M))
if len(declared) < 50:
    sys.exit(f"clang lists only {len(declared)} names")
if declared != exported:
    sys.exit(f"not exported: {sorted(declared - exported)}; exported, but not declared: {sorted(exported - declared)}")
print(f"{len(declared)} names")
