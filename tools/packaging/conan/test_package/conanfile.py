# SPDX-License-Identifier: BSL-1.0
import os

from conan import ConanFile
from conan.tools.build import can_run
from conan.tools.cmake import CMake, CMakeToolchain, cmake_layout


class HeddleTest(ConanFile):
    settings = "os", "arch", "compiler", "build_type"

    def requirements(self):
        self.requires(self.tested_reference_str)

    def layout(self):
        cmake_layout(self, build_folder="../../../../build/conan")  # where all builds of this tree are

    def generate(self):
        toolchain = CMakeToolchain(self)
        toolchain.user_presets_path = False
        for variable, package in ("HEDDLE_ASIO_INCLUDE_DIR", "asio"), ("HEDDLE_BOOST_INCLUDE_DIR", "boost"):
            if package in self.dependencies:
                toolchain.cache_variables[variable] = self.dependencies[package].cpp_info.includedirs[0]
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def test(self):
        if can_run(self):
            self.run(os.path.join(self.cpp.build.bindir, "consumer"), env="conanrun")
