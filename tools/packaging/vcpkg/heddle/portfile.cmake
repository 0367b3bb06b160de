# SPDX-License-Identifier: BSL-1.0
# A port of the sources in this tree: vcpkg install heddle --overlay-ports=tools/packaging/vcpkg, or heddle[boost,core]
get_filename_component(SOURCE_PATH "${CMAKE_CURRENT_LIST_DIR}/../../../.." ABSOLUTE)

if("asio" IN_LIST FEATURES AND "boost" IN_LIST FEATURES)
  set(asio both)
elseif("boost" IN_LIST FEATURES)
  set(asio boost)
else()
  set(asio standalone)
endif()

vcpkg_cmake_configure(
  SOURCE_PATH "${SOURCE_PATH}"
  OPTIONS
    -DHEDDLE_TESTS=OFF
    -DHEDDLE_DEMOS=OFF
    -DHEDDLE_INSTALL=ON
    -DHEDDLE_ASIO=${asio}
    "-DHEDDLE_ASIO_INCLUDE_DIR=${CURRENT_INSTALLED_DIR}/include"
    "-DHEDDLE_BOOST_INCLUDE_DIR=${CURRENT_INSTALLED_DIR}/include"
  MAYBE_UNUSED_VARIABLES HEDDLE_ASIO_INCLUDE_DIR HEDDLE_BOOST_INCLUDE_DIR)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH lib/cmake/heddle)
vcpkg_fixup_pkgconfig()

file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug/include" "${CURRENT_PACKAGES_DIR}/debug/share"
  "${CURRENT_PACKAGES_DIR}/share/licenses")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
