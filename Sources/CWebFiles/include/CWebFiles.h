#pragma once

#include <stddef.h>

/// A file that became part of the program: its bytes, which are there as long as the process is.
typedef struct {
    const unsigned char *bytes;
    size_t count;
} web_file;

web_file web_file_demo_css(void);
web_file web_file_demo_html(void);
web_file web_file_demo_js(void);
web_file web_file_rostrum_d_ts(void);
web_file web_file_rostrum_js(void);
