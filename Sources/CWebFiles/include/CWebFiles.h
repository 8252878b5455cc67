#pragma once

#include <stddef.h>

/// A file that became part of the program: its bytes, which are there as long as the process is.
typedef struct {
    const unsigned char *bytes;
    size_t count;
} web_file;

/// A file that is found by its name.
typedef struct {
    const char *name;
    web_file file;
} web_named_file;

web_file web_file_accounts_import_js(void);
web_file web_file_console_css(void);
web_file web_file_console_js(void);
web_file web_file_console_posts_js(void);
web_file web_file_monitor_js(void);
/// The templates of the console; sets how many there are.
const web_named_file *web_console_templates(size_t *count);
/// The words of the console by language; sets how many there are.
const web_named_file *web_console_texts(size_t *count);
/// What the documentation is made of by path in the repository; sets how many there are.
const web_named_file *web_documentation(size_t *count);
web_file web_file_docs_css(void);
web_file web_file_docs_page(void);
web_file web_file_demo_css(void);
web_file web_file_demo_html(void);
web_file web_file_demo_js(void);
web_file web_file_rostrum_d_ts(void);
web_file web_file_rostrum_js(void);
