# Writes what `git describe` says of SOURCE into OUTPUT, only when it changed; the version alone outside a checkout.
execute_process(COMMAND git -C ${SOURCE} describe --always --dirty --tags
  OUTPUT_VARIABLE describe RESULT_VARIABLE result OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
execute_process(COMMAND git -C ${SOURCE} rev-parse --show-toplevel
  OUTPUT_VARIABLE top OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
get_filename_component(source_path "${SOURCE}" REALPATH)
if(NOT result EQUAL 0 OR NOT top STREQUAL source_path) # also: an unpacked archive inside another checkout
  set(describe ${VERSION})
endif()
set(text "#define BORDERLINE_GIT_DESCRIBE \"${describe}\"\n")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} before)
endif()
if(NOT "${before}" STREQUAL "${text}")
  file(WRITE ${OUTPUT} "${text}")
endif()
