# SPDX-License-Identifier: BSL-1.0
# The functions that build and install a library of heddle: one for each Asio.

# heddle_find_asio(VARIABLE HEADER VERSION_HEADER MACRO LEAST WHAT) sets the cache variable to the directory that holds the
# header, and asio_version to the version there. It is an error if there is none, or one that is too old.
function(heddle_find_asio variable header version_header macro least what)
  find_path(${variable} ${header} DOC "The directory that holds ${header}")
  if(NOT ${variable})
    message(FATAL_ERROR "heddle needs ${what}, and ${header} was not found. Install it or pass "
      "-D${variable}=<the directory that holds ${header}>.")
  endif()
  file(STRINGS ${${variable}}/${version_header} version REGEX "define ${macro} ")
  string(REGEX MATCH "[0-9]+" version "${version}")
  if(version LESS least)
    message(FATAL_ERROR "heddle needs ${what}; ${${variable}} holds Asio version ${version}.")
  endif()
  set(asio_version ${version} PARENT_SCOPE)
endfunction()

# heddle_library(NAME VARIABLE VERSION DEFINITION...) builds libNAME from ${sources} and ${headers}, on the Asio of that version
# in the directory that VARIABLE names. A file that uses heddle needs the definitions.
function(heddle_library name variable version)
  add_library(${name} ${sources})
  add_library(heddle::${name} ALIAS ${name})
  target_sources(${name} PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/include FILES ${headers})
  target_compile_features(${name} PUBLIC cxx_std_20)
  target_include_directories(${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_include_directories(${name} SYSTEM PUBLIC $<BUILD_INTERFACE:${${variable}}>)
  target_link_libraries(${name} PUBLIC Threads::Threads PRIVATE ${port_libs})
  set_target_properties(${name} PROPERTIES
    VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
    POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    VERIFY_INTERFACE_HEADER_SETS ON)
  # Nobody replaces a function of ours at load time, so calls within the library may be inlined; clang does so anyway.
  target_compile_options(${name} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fno-semantic-interposition>)

  # detail/platform/agreement.hpp makes the settings that our headers need. These are for files that include Asio alone: one program must
  # see one Asio.
  set(definitions ${ARGN})
  if(MINGW)
    # Otherwise these depend on the order of includes, too.
    list(APPEND definitions ASIO_HAS_THREADS=1 ASIO_HAS_PTHREADS=1)
  elseif(version LESS 102300)
    # Otherwise it depends on the order of includes, and files that differ mix operator new with free().
    list(APPEND definitions ASIO_HAS_STD_ALIGNED_ALLOC=1)
  endif()
  if(CMAKE_CXX_FLAGS MATCHES "-fsanitize=[a-z,]*thread")
    # TSan does not understand fences and would report races where there are none.
    list(APPEND definitions ASIO_DISABLE_FENCED_BLOCK=1 BOOST_ASIO_DISABLE_FENCED_BLOCK=1)
  endif()
  target_compile_definitions(${name} PUBLIC ${definitions})
  if(version LESS 102600)
    # With clang it looks for <experimental/coroutine> only.
    foreach(macro ASIO_HAS_CO_AWAIT ASIO_HAS_STD_COROUTINE)
      target_compile_definitions(${name} PUBLIC $<$<CXX_COMPILER_ID:Clang>:${macro}=1 BOOST_${macro}=1>)
    endforeach()
  endif()
  set_target_properties(${name} PROPERTIES heddle_definitions "${definitions}" heddle_asio_version ${version})
endfunction()

# heddle_install(NAME COMPONENT VARIABLE HEADER VERSION_HEADER MACRO WHAT) installs a library as a component of the CMake package
# heddle, and its pkg-config file.
function(heddle_install name component variable header version_header macro what)
  install(TARGETS ${name} EXPORT ${name}-targets FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  install(EXPORT ${name}-targets NAMESPACE heddle:: DESTINATION ${package})
  get_target_property(asio_version ${name} heddle_asio_version)
  get_target_property(definitions ${name} heddle_definitions)
  configure_file(package/heddle-component.cmake.in heddle-${component}.cmake @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/heddle-${component}.cmake DESTINATION ${package})

  if(definitions)
    list(TRANSFORM definitions PREPEND -D OUTPUT_VARIABLE definition_flags)
    list(JOIN definition_flags " " definition_flags)
  endif()
  list(TRANSFORM port_libs PREPEND -l OUTPUT_VARIABLE private_libs)
  if(NOT BUILD_SHARED_LIBS AND private_libs)
    set(static_libs " ${private_libs}")  # without --static, too
  endif()
  file(RELATIVE_PATH up /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)  # so that it may be moved
  configure_file(package/heddle.pc.in ${name}.pc @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endfunction()
