# SPDX-License-Identifier: BSL-1.0
# A recipe for the sources in this tree: conan create tools/packaging/conan [-o heddle/*:asio=boost]
from pathlib import Path

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy


class Heddle(ConanFile):
    name = "heddle"
    version = "0.1.0"
    description = "Go's tasks, channels, select and cancellation for C++20 on Asio, standalone or Boost's"
    license = "BSL-1.0"
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False], "fPIC": [True, False], "asio": ["standalone", "boost"]}
    default_options = {"shared": False, "fPIC": True, "asio": "standalone"}
    implements = ["auto_shared_fpic"]

    def export_sources(self):
        root = Path(self.recipe_folder).parents[2]
        for pattern in ("CMakeLists.txt", "LICENSE", "include/*", "lib/*"):
            copy(self, pattern, root, self.export_sources_folder)

    def layout(self):
        cmake_layout(self)

    def validate(self):
        check_min_cppstd(self, 20)

    def requirements(self):
        # Users include Asio through heddle's headers.
        self.requires("asio/[>=1.22 <2]" if self.standalone else "boost/[>=1.81 <2]", transitive_headers=True)

    @property
    def standalone(self):
        return self.options.asio == "standalone"

    def generate(self):
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables["HEDDLE_TESTS"] = False
        toolchain.cache_variables["HEDDLE_DEMOS"] = False
        toolchain.cache_variables["HEDDLE_ASIO"] = str(self.options.asio)
        variable, package = ("HEDDLE_ASIO_INCLUDE_DIR", "asio") if self.standalone else ("HEDDLE_BOOST_INCLUDE_DIR", "boost")
        toolchain.cache_variables[variable] = self.dependencies[package].cpp_info.includedirs[0]
        toolchain.generate()
        CMakeDeps(self).generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        copy(self, "LICENSE", self.source_folder, Path(self.package_folder) / "licenses")
        CMake(self).install()

    def package_info(self):
        # heddle's own package files have its definitions, and the Asio with which it was built.
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.builddirs = ["lib/cmake/heddle"]
        self.cpp_info.libs = ["heddle" if self.standalone else "boost_heddle"]
        self.cpp_info.system_libs = ["pthread", "dl"]
