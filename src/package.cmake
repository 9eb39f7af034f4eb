# `cmake --install`: the program, the libraries with their headers and what finds them (CMake: Borderline::core and
# Borderline::parallel; pkg-config: borderline), and in share/borderline the job scripts and the figures, beside each other as in
# the source.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Borderline)
set(share_dir ${CMAKE_INSTALL_DATADIR}/borderline)

install(TARGETS borderline)
install(TARGETS borderline_core borderline_parallel EXPORT borderline_targets
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
set_target_properties(borderline_core PROPERTIES EXPORT_NAME core)
set_target_properties(borderline_parallel PROPERTIES EXPORT_NAME parallel)
install(DIRECTORY include/borderline DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")

install(DIRECTORY jobs analysis DESTINATION ${share_dir} USE_SOURCE_PERMISSIONS
  PATTERN results EXCLUDE PATTERN __pycache__ EXCLUDE
  PATTERN build EXCLUDE PATTERN install-deps EXCLUDE PATTERN quickstart EXCLUDE
  PATTERN spack EXCLUDE PATTERN conda EXCLUDE PATTERN apptainer.def EXCLUDE)
install(FILES README.md CHANGELOG.md LICENSE CITATION.cff DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES src/THEORY.md DESTINATION ${CMAKE_INSTALL_DOCDIR})

install(EXPORT borderline_targets NAMESPACE Borderline:: DESTINATION ${package_dir} FILE BorderlineTargets.cmake)
install(FILES src/dependencies.cmake DESTINATION ${package_dir} RENAME BorderlineDependencies.cmake)
file(WRITE ${PROJECT_BINARY_DIR}/package/BorderlineConfig.cmake.in "@PACKAGE_INIT@
set(BORDERLINE_INSTALLED TRUE)
include(\${CMAKE_CURRENT_LIST_DIR}/BorderlineDependencies.cmake)
if(NOT missing_dependencies)
  include(\${CMAKE_CURRENT_LIST_DIR}/BorderlineTargets.cmake)
endif()
")
configure_package_config_file(${PROJECT_BINARY_DIR}/package/BorderlineConfig.cmake.in
  ${PROJECT_BINARY_DIR}/package/BorderlineConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/package/BorderlineConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/package/BorderlineConfig.cmake ${PROJECT_BINARY_DIR}/package/BorderlineConfigVersion.cmake
  DESTINATION ${package_dir})

# Everything that a target is linked with, as words for a linker, in the order of first need; and its folders of headers.
function(link_words target words includes)
  set(found ${${words}})
  set(folders ${${includes}})
  if(TARGET ${target})
    foreach(property IMPORTED_LOCATION IMPORTED_LOCATION_RELEASE IMPORTED_LOCATION_NONE)
      get_target_property(type ${target} TYPE)
      if(NOT type STREQUAL INTERFACE_LIBRARY)
        get_target_property(location ${target} ${property})
        if(location)
          list(APPEND found ${location})
          break()
        endif()
      endif()
    endforeach()
    get_target_property(options ${target} INTERFACE_LINK_OPTIONS)
    get_target_property(libraries ${target} INTERFACE_LINK_LIBRARIES)
    get_target_property(folder ${target} INTERFACE_INCLUDE_DIRECTORIES)
    foreach(option ${options})
      if(option AND NOT option MATCHES "\\$<")
        string(REPLACE "SHELL:" "" option "${option}")
        list(APPEND found ${option})
      endif()
    endforeach()
    if(folder)
      list(APPEND folders ${folder})
    endif()
    foreach(library ${libraries})
      if(library AND NOT library MATCHES "\\$<")
        link_words(${library} found folders)
      endif()
    endforeach()
  elseif(target MATCHES "^[-/]")
    list(APPEND found ${target})
  else()
    list(APPEND found -l${target})
  endif()
  set(${words} ${found} PARENT_SCOPE)
  set(${includes} ${folders} PARENT_SCOPE)
endfunction()

set(pc_libraries "")
set(pc_folders "")
foreach(dependency dependency_hdf5 dependency_scalapack dependency_mpi dependency_blas dependency_onednn dependency_yaml
    dependency_zlib Threads::Threads m)
  set(pc_more "")
  link_words(${dependency} pc_libraries pc_more)
  if(dependency STREQUAL dependency_mpi) # comm.h includes mpi.h; no other library's header is included
    set(pc_folders ${pc_more})
  endif()
endforeach()
if(CMAKE_THREAD_LIBS_INIT)
  list(APPEND pc_libraries ${CMAKE_THREAD_LIBS_INIT})
endif()
list(REMOVE_DUPLICATES pc_libraries)
list(REMOVE_DUPLICATES pc_folders)
list(JOIN pc_libraries " " pc_libraries)
list(TRANSFORM pc_folders PREPEND "-I")
list(JOIN pc_folders " " pc_folders)
file(RELATIVE_PATH pc_up /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
file(WRITE ${PROJECT_BINARY_DIR}/package/borderline.pc
"prefix=\${pcfiledir}/${pc_up}
libdir=\${prefix}/${CMAKE_INSTALL_LIBDIR}
includedir=\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}

Name: Borderline
Description: ${PROJECT_DESCRIPTION}
Version: ${PROJECT_VERSION}
Cflags: -I\${includedir} ${pc_folders}
Libs: -L\${libdir} -lborderline_parallel -lborderline_core ${pc_libraries}
")
install(FILES ${PROJECT_BINARY_DIR}/package/borderline.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
