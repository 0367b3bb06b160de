# SPDX-License-Identifier: BSL-1.0
# A program loads plugins that bring heddle with them, after it has started.
if(WIN32 OR APPLE OR CMAKE_EXE_LINKER_FLAGS MATCHES "-static")
  return()  # the program loads them by dlopen, which a static one does not have; Apple's linker lacks --exclude-libs
endif()

# The closed plugin exports only its entry points, and nothing but heddle keeps it loaded. The open one exports everything.
add_library(heddle_plugin_closed MODULE plugin/plugin.cpp)
set_target_properties(heddle_plugin_closed PROPERTIES CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
target_compile_options(heddle_plugin_closed PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fno-gnu-unique>)
target_link_options(heddle_plugin_closed PRIVATE -Wl,--exclude-libs,ALL)
target_link_libraries(heddle_plugin_closed PRIVATE heddle::${HEDDLE_LIBRARY})
add_library(heddle_plugin_open MODULE plugin/plugin.cpp)
target_link_libraries(heddle_plugin_open PRIVATE heddle::${HEDDLE_LIBRARY})
set(plugins $<TARGET_FILE:heddle_plugin_closed> $<TARGET_FILE:heddle_plugin_open>)

# The program itself has Asio, but not heddle.
add_executable(heddle_plugin_host plugin/main.cpp)
target_compile_features(heddle_plugin_host PRIVATE cxx_std_20)
target_compile_definitions(heddle_plugin_host PRIVATE $<TARGET_PROPERTY:${HEDDLE_LIBRARY},INTERFACE_COMPILE_DEFINITIONS>)
target_include_directories(heddle_plugin_host SYSTEM PRIVATE $<TARGET_PROPERTY:${HEDDLE_LIBRARY},INTERFACE_SYSTEM_INCLUDE_DIRECTORIES>)
target_link_libraries(heddle_plugin_host PRIVATE Threads::Threads ${CMAKE_DL_LIBS})
if(CMAKE_CXX_FLAGS MATCHES ASIO_HAS_IO_URING)
  set_target_properties(heddle_plugin_host PROPERTIES ENABLE_EXPORTS ON)  # include/README.md, "In plugins"
endif()

set(cases apart shared global closed_after closed_before)
if(NOT BUILD_SHARED_LIBS)
  list(APPEND cases closed_first)  # with a shared heddle, the plugins would not hold heddle themselves
endif()
foreach(case IN LISTS cases)
  add_test(NAME plugin.${case} COMMAND heddle_plugin_host ${case} ${plugins})
endforeach()

if(sanitized)
  message(STATUS "plugin.python: not run, because Python would have to preload the sanitizer's library")
elseif(CMAKE_CROSSCOMPILING)
  message(STATUS "plugin.python: not run, because the Python here is one for another processor or system")
elseif(BUILD_SHARED_LIBS)
  heddle_python_test(plugin.python ${CMAKE_CURRENT_SOURCE_DIR}/plugin/load.py $<TARGET_FILE:${HEDDLE_LIBRARY}> ${plugins})
else()
  heddle_python_test(plugin.python ${CMAKE_CURRENT_SOURCE_DIR}/plugin/load.py ${plugins})
endif()
