// Puts the files of Sources/Web into the program. docs/decisions/0008-web-files-by-the-c-compiler.md says why in C.

#include "CWebFiles.h"

// Clang has had it for C of every age since version 19, and says that it is new.
#pragma clang diagnostic ignored "-Wc23-extensions"

web_file web_file_demo_css(void) {
    static const unsigned char bytes[] = {
#embed "../Web/Demo/demo.css"
    };
    return (web_file){bytes, sizeof bytes};
}

web_file web_file_demo_html(void) {
    static const unsigned char bytes[] = {
#embed "../Web/Demo/demo.html"
    };
    return (web_file){bytes, sizeof bytes};
}

web_file web_file_demo_js(void) {
    static const unsigned char bytes[] = {
#embed "../Web/Demo/demo.js"
    };
    return (web_file){bytes, sizeof bytes};
}

web_file web_file_rostrum_d_ts(void) {
    static const unsigned char bytes[] = {
#embed "../Web/SDK/rostrum.d.ts"
    };
    return (web_file){bytes, sizeof bytes};
}

web_file web_file_rostrum_js(void) {
    static const unsigned char bytes[] = {
#embed "../Web/SDK/rostrum.js"
    };
    return (web_file){bytes, sizeof bytes};
}
