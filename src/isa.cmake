# Instruction sets. On x86-64 everything is compiled for x86-64-v2, which every processor since 2009 has, and the files with
# hot loops also for x86-64-v3 and v4; src/base/isa.h chooses among them at run time. BORDERLINE_NATIVE compiles everything once,
# for this machine's processor.
set(each_isa_sources
  src/base/rng.c
  src/boundary/column_p0.c src/boundary/linear_step.c src/boundary/nearest.c src/boundary/simplex.c
  src/gp/chain.c src/gp/factor_solve.c
  src/network/activation_float.c src/network/pack.c src/network/pass_float64.c)

# Exactly the features that isa.c asks the processor for; those of v4 include those of v3.
set(isa_x86_64_v3 -mavx2 -mfma -mbmi -mbmi2)
set(isa_x86_64_v4 ${isa_x86_64_v3} -mavx512f -mavx512bw -mavx512cd -mavx512dq -mavx512vl -mprefer-vector-width=512)

set(isa_base "")
set(isa_base_options "")
if(BORDERLINE_NATIVE)
  set(isa_base native)
  set(isa_base_options -march=native)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$" AND CMAKE_SIZEOF_VOID_P EQUAL 8)
  include(CheckCCompilerFlag)
  list(JOIN isa_x86_64_v4 " " widest)
  check_c_compiler_flag("-march=x86-64-v2 ${widest}" compiler_knows_each_isa)
  if(compiler_knows_each_isa)
    set(isa_base x86-64-v2)
    set(isa_base_options -march=x86-64-v2)
  endif()
endif()

# Compiles the hot files for each further ISA; the object libraries' names go to the list `out`.
function(add_each_isa target out)
  set(libraries "")
  if(isa_base)
    target_compile_definitions(${target} PRIVATE BORDERLINE_BASE_ISA="${isa_base}")
  endif()
  if(isa_base STREQUAL x86-64-v2)
    target_compile_definitions(${target} PRIVATE BORDERLINE_EACH_ISA)
    foreach(isa x86_64_v3 x86_64_v4)
      add_library(${target}_${isa} OBJECT ${each_isa_sources})
      target_compile_options(${target}_${isa} PRIVATE ${isa_${isa}})
      target_compile_definitions(${target}_${isa} PRIVATE BORDERLINE_ISA=${isa})
      target_link_libraries(${target}_${isa} PRIVATE borderline_flags dependency_random123)
      list(APPEND libraries ${target}_${isa})
    endforeach()
  endif()
  set(${out} ${libraries} PARENT_SCOPE)
endfunction()
