# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# What `cmake --install` puts where: libraries, headers, programs, and the package
# that find_package(attn) finds. The component `python` is what a wheel holds.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

# attn_install_static(target...): archives that attn::jit is made of.
function(attn_install_static)
  foreach(target IN LISTS ARGN)
    target_include_directories(${target} INTERFACE
      $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
    target_compile_features(${target} INTERFACE cxx_std_17)
  endforeach()
  install(TARGETS ${ARGN} EXPORT attn-targets
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
endfunction()

function(attn_install)
  attn_install_static(AttnCompiler AttnExplain AttnJIT AttnAOT AttnPipelines
    AttnTarget AttnToLoops AttnToTile HostToLLVM TileToNVVM TileTransforms TileIR
    AttnTransforms AttnAnalysis AttnIR AttnSupport AttnRuntime AttnSim)
  # In a package their names are attn::c and attn::runtime.
  set_target_properties(attn PROPERTIES EXPORT_NAME c
    INSTALL_RPATH_USE_LINK_PATH ON)
  set_target_properties(attn_runtime PROPERTIES EXPORT_NAME runtime)
  foreach(target attn attn_runtime)
    target_include_directories(${target} INTERFACE
      $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  endforeach()
  install(TARGETS attn attn_runtime EXPORT attn-targets
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
  set_target_properties(attn-opt attn-run PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
  install(TARGETS attn-opt attn-run RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  foreach(root ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR})
    install(DIRECTORY ${root}/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
      FILES_MATCHING PATTERN "*.h" PATTERN "*.h.inc" PATTERN "*.td")
  endforeach()

  set(package ${CMAKE_INSTALL_LIBDIR}/cmake/attn)
  install(EXPORT attn-targets NAMESPACE attn:: DESTINATION ${package})
  configure_package_config_file(${PROJECT_SOURCE_DIR}/tools/cmake/attn-config.cmake.in
    ${PROJECT_BINARY_DIR}/attn-config.cmake INSTALL_DESTINATION ${package})
  write_basic_package_version_file(${PROJECT_BINARY_DIR}/attn-config-version.cmake
    COMPATIBILITY SameMinorVersion)
  install(FILES ${PROJECT_BINARY_DIR}/attn-config.cmake
    ${PROJECT_BINARY_DIR}/attn-config-version.cmake DESTINATION ${package})

  install(TARGETS attn LIBRARY DESTINATION attn/lib COMPONENT python EXCLUDE_FROM_ALL)
endfunction()
