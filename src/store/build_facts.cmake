# What provenance says of the build: generated/borderline_build.h (at configuration) and borderline_git.h (at every build).
set(generated ${PROJECT_BINARY_DIR}/generated)
set(scalapack_version "")
foreach(candidate scalapack-${mpi_name} scalapack)
  if(${candidate}_FOUND AND NOT scalapack_version)
    set(scalapack_version "${candidate} ${${candidate}_VERSION}")
  endif()
endforeach()
set(flags "$<CONFIG>: ${CMAKE_C_FLAGS} $<$<CONFIG:Release>:${CMAKE_C_FLAGS_RELEASE}>$<$<CONFIG:Debug>:${CMAKE_C_FLAGS_DEBUG}>")
string(REPLACE "\"" "'" flags "${flags}")
set(our_options $<TARGET_PROPERTY:borderline_flags,INTERFACE_COMPILE_OPTIONS>)
file(GENERATE OUTPUT ${generated}/borderline_build.h CONTENT
"#define BORDERLINE_VERSION \"${PROJECT_VERSION}\"
#define BORDERLINE_COMPILER \"${CMAKE_C_COMPILER_ID} ${CMAKE_C_COMPILER_VERSION}\"
#define BORDERLINE_COMPILER_FLAGS \"${flags} $<JOIN:$<FILTER:${our_options},EXCLUDE,^-W>, >\"
#define BORDERLINE_BLAS \"${blas_vendor}\"
#define BORDERLINE_SCALAPACK \"${scalapack_version}\"
")
add_custom_target(borderline_git BYPRODUCTS ${generated}/borderline_git.h
  COMMAND ${CMAKE_COMMAND} -DSOURCE=${PROJECT_SOURCE_DIR} -DVERSION=${PROJECT_VERSION}
    -DOUTPUT=${generated}/borderline_git.h -P ${PROJECT_SOURCE_DIR}/src/store/git_describe.cmake)
add_dependencies(borderline_parallel borderline_git)
target_include_directories(borderline_parallel PRIVATE ${generated})
