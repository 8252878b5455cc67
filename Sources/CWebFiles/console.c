// Puts the console's files into the program, as files.c does with the others.

#include "CWebFiles.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

#define NAMED(name, bytes) {name, {bytes, sizeof bytes}}

web_file web_file_accounts_import_js(void) {
    static const unsigned char bytes[] = {
#embed "../Web/Console/accounts-import.js"
    };
    return (web_file){bytes, sizeof bytes};
}

web_file web_file_console_css(void) {
    static const unsigned char bytes[] = {
#embed "../Web/Console/console.css"
    };
    return (web_file){bytes, sizeof bytes};
}

web_file web_file_console_js(void) {
    static const unsigned char bytes[] = {
#embed "../Web/Console/console.js"
    };
    return (web_file){bytes, sizeof bytes};
}

web_file web_file_console_posts_js(void) {
    static const unsigned char bytes[] = {
#embed "../Web/Console/console-posts.js"
    };
    return (web_file){bytes, sizeof bytes};
}

web_file web_file_monitor_js(void) {
    static const unsigned char bytes[] = {
#embed "../Web/Console/monitor.js"
    };
    return (web_file){bytes, sizeof bytes};
}

static const unsigned char text_en[] = {
#embed "../Web/Console/texts/en.json"
};
static const unsigned char text_ja[] = {
#embed "../Web/Console/texts/ja.json"
};
static const unsigned char text_zh_hans[] = {
#embed "../Web/Console/texts/zh-Hans.json"
};

const web_named_file *web_console_texts(size_t *count) {
    static const web_named_file files[] = {
        NAMED("en", text_en),
        NAMED("ja", text_ja),
        NAMED("zh-Hans", text_zh_hans),
    };
    *count = sizeof files / sizeof files[0];
    return files;
}

// One entry a template: its bytes here, its name in the list below. In the order of their names.

static const unsigned char account[] = {
#embed "../Web/Console/account.mustache"
};
static const unsigned char accounts[] = {
#embed "../Web/Console/accounts.mustache"
};
static const unsigned char accounts_import[] = {
#embed "../Web/Console/accounts-import.mustache"
};
static const unsigned char application[] = {
#embed "../Web/Console/application.mustache"
};
static const unsigned char application_audit[] = {
#embed "../Web/Console/application-audit.mustache"
};
static const unsigned char application_key[] = {
#embed "../Web/Console/application-key.mustache"
};
static const unsigned char application_new[] = {
#embed "../Web/Console/application-new.mustache"
};
static const unsigned char application_settings[] = {
#embed "../Web/Console/application-settings.mustache"
};
static const unsigned char applications[] = {
#embed "../Web/Console/applications.mustache"
};
static const unsigned char audit[] = {
#embed "../Web/Console/audit.mustache"
};
static const unsigned char channel[] = {
#embed "../Web/Console/channel.mustache"
};
static const unsigned char channel_form[] = {
#embed "../Web/Console/channel-form.mustache"
};
static const unsigned char channel_head[] = {
#embed "../Web/Console/channel-head.mustache"
};
static const unsigned char channels[] = {
#embed "../Web/Console/channels.mustache"
};
static const unsigned char compose[] = {
#embed "../Web/Console/compose.mustache"
};
static const unsigned char emulator[] = {
#embed "../Web/Console/emulator.mustache"
};
static const unsigned char explorer[] = {
#embed "../Web/Console/explorer.mustache"
};
static const unsigned char layout[] = {
#embed "../Web/Console/layout.mustache"
};
static const unsigned char long_text[] = {
#embed "../Web/Console/long-text.mustache"
};
static const unsigned char monitor[] = {
#embed "../Web/Console/monitor.mustache"
};
static const unsigned char operators[] = {
#embed "../Web/Console/operators.mustache"
};
static const unsigned char own_account[] = {
#embed "../Web/Console/own-account.mustache"
};
static const unsigned char post[] = {
#embed "../Web/Console/post.mustache"
};
static const unsigned char post_body[] = {
#embed "../Web/Console/post-body.mustache"
};
static const unsigned char post_preview[] = {
#embed "../Web/Console/post-preview.mustache"
};
static const unsigned char posts[] = {
#embed "../Web/Console/posts.mustache"
};
static const unsigned char problem[] = {
#embed "../Web/Console/problem.mustache"
};
static const unsigned char request[] = {
#embed "../Web/Console/request.mustache"
};
static const unsigned char requests[] = {
#embed "../Web/Console/requests.mustache"
};
static const unsigned char sign_in[] = {
#embed "../Web/Console/sign-in.mustache"
};
static const unsigned char subscribers[] = {
#embed "../Web/Console/subscribers.mustache"
};
static const unsigned char tool_tabs[] = {
#embed "../Web/Console/tool-tabs.mustache"
};
static const unsigned char tools[] = {
#embed "../Web/Console/tools.mustache"
};
static const unsigned char usersig[] = {
#embed "../Web/Console/usersig.mustache"
};
static const unsigned char webhook_dead[] = {
#embed "../Web/Console/webhook-dead.mustache"
};
static const unsigned char webhook_delivery[] = {
#embed "../Web/Console/webhook-delivery.mustache"
};
static const unsigned char webhook_log[] = {
#embed "../Web/Console/webhook-log.mustache"
};
static const unsigned char webhook_secret[] = {
#embed "../Web/Console/webhook-secret.mustache"
};
static const unsigned char webhook_tabs[] = {
#embed "../Web/Console/webhook-tabs.mustache"
};
static const unsigned char webhooks[] = {
#embed "../Web/Console/webhooks.mustache"
};

const web_named_file *web_console_templates(size_t *count) {
    static const web_named_file files[] = {
        NAMED("account", account),
        NAMED("accounts", accounts),
        NAMED("accounts-import", accounts_import),
        NAMED("application", application),
        NAMED("application-audit", application_audit),
        NAMED("application-key", application_key),
        NAMED("application-new", application_new),
        NAMED("application-settings", application_settings),
        NAMED("applications", applications),
        NAMED("audit", audit),
        NAMED("channel", channel),
        NAMED("channel-form", channel_form),
        NAMED("channel-head", channel_head),
        NAMED("channels", channels),
        NAMED("compose", compose),
        NAMED("emulator", emulator),
        NAMED("explorer", explorer),
        NAMED("layout", layout),
        NAMED("long-text", long_text),
        NAMED("monitor", monitor),
        NAMED("operators", operators),
        NAMED("own-account", own_account),
        NAMED("post", post),
        NAMED("post-body", post_body),
        NAMED("post-preview", post_preview),
        NAMED("posts", posts),
        NAMED("problem", problem),
        NAMED("request", request),
        NAMED("requests", requests),
        NAMED("sign-in", sign_in),
        NAMED("subscribers", subscribers),
        NAMED("tool-tabs", tool_tabs),
        NAMED("tools", tools),
        NAMED("usersig", usersig),
        NAMED("webhook-dead", webhook_dead),
        NAMED("webhook-delivery", webhook_delivery),
        NAMED("webhook-log", webhook_log),
        NAMED("webhook-secret", webhook_secret),
        NAMED("webhook-tabs", webhook_tabs),
        NAMED("webhooks", webhooks),
    };
    *count = sizeof files / sizeof files[0];
    return files;
}
