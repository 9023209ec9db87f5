# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Writes OUTPUT, a header with the hash of the files LIBRARIES: kernels of one
# compiler are not taken for those of another one. A script for cmake -P.
set(hashes "")
string(REPLACE "," ";" LIBRARIES "${LIBRARIES}")
foreach(library IN LISTS LIBRARIES)
  file(SHA256 ${library} hash)
  string(APPEND hashes ${hash})
endforeach()
string(SHA256 hash "${hashes}")
set(text "static const char kBuildHash[] = \"${hash}\";\n")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} old)
endif()
# Without a change nothing is compiled again.
if(NOT "${old}" STREQUAL "${text}")
  file(WRITE ${OUTPUT} "${text}")
endif()
