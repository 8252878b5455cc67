#pragma once

#include <stddef.h>
#include <stdint.h>

// Of libclang_rt.fuzzer_no_main, which comes without a header.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*take)(const uint8_t *bytes, size_t count));
