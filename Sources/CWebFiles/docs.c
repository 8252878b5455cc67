// Puts the documentation into the program, as files.c does with other files. Made by scripts/docs-files.

#include "CWebFiles.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

#define NAMED(name, bytes) {name, {bytes, sizeof bytes}}

web_file web_file_docs_css(void) {
    static const unsigned char bytes[] = {
#embed "../Web/Docs/docs.css"
    };
    return (web_file){bytes, sizeof bytes};
}

web_file web_file_docs_page(void) {
    static const unsigned char bytes[] = {
#embed "../Web/Docs/page.mustache"
    };
    return (web_file){bytes, sizeof bytes};
}

static const unsigned char file_1[] = {
#embed "../../docs/README.md"
};

static const unsigned char file_2[] = {
#embed "../../docs/adding-a-command.md"
};

static const unsigned char file_3[] = {
#embed "../../docs/adding-a-page.md"
};

static const unsigned char file_4[] = {
#embed "../../docs/architecture.md"
};

static const unsigned char file_5[] = {
#embed "../../docs/cluster.md"
};

static const unsigned char file_6[] = {
#embed "../../docs/commands/README.md"
};

static const unsigned char file_7[] = {
#embed "../../docs/commands/account_check.md"
};

static const unsigned char file_8[] = {
#embed "../../docs/commands/account_delete.md"
};

static const unsigned char file_9[] = {
#embed "../../docs/commands/account_import.md"
};

static const unsigned char file_10[] = {
#embed "../../docs/commands/add_subscriber.md"
};

static const unsigned char file_11[] = {
#embed "../../docs/commands/create_official_account.md"
};

static const unsigned char file_12[] = {
#embed "../../docs/commands/delete_subscriber.md"
};

static const unsigned char file_13[] = {
#embed "../../docs/commands/destroy_official_account.md"
};

static const unsigned char file_14[] = {
#embed "../../docs/commands/get_broadcast_receipt.md"
};

static const unsigned char file_15[] = {
#embed "../../docs/commands/get_official_account_info.md"
};

static const unsigned char file_16[] = {
#embed "../../docs/commands/get_subscribed_official_account_list.md"
};

static const unsigned char file_17[] = {
#embed "../../docs/commands/get_subscriber_info.md"
};

static const unsigned char file_18[] = {
#embed "../../docs/commands/kick.md"
};

static const unsigned char file_19[] = {
#embed "../../docs/commands/modify_official_account_base_info.md"
};

static const unsigned char file_20[] = {
#embed "../../docs/commands/modify_subscriber_info.md"
};

static const unsigned char file_21[] = {
#embed "../../docs/commands/multiaccount_import.md"
};

static const unsigned char file_22[] = {
#embed "../../docs/commands/official_account_msg_get_simple.md"
};

static const unsigned char file_23[] = {
#embed "../../docs/commands/official_account_msg_recall.md"
};

static const unsigned char file_24[] = {
#embed "../../docs/commands/query_online_status.md"
};

static const unsigned char file_25[] = {
#embed "../../docs/commands/send_official_account_msg.md"
};

static const unsigned char file_26[] = {
#embed "../../docs/compatibility.md"
};

static const unsigned char file_27[] = {
#embed "../../docs/concepts.md"
};

static const unsigned char file_28[] = {
#embed "../../docs/console.md"
};

static const unsigned char file_29[] = {
#embed "../../docs/decisions/0001-sql-is-written-once.md"
};

static const unsigned char file_30[] = {
#embed "../../docs/decisions/0002-a-json-reader-of-our-own.md"
};

static const unsigned char file_31[] = {
#embed "../../docs/decisions/0003-what-an-idempotency-key-keeps.md"
};

static const unsigned char file_32[] = {
#embed "../../docs/decisions/0004-the-emulator-is-a-room.md"
};

static const unsigned char file_33[] = {
#embed "../../docs/decisions/0005-where-webhooks-may-go.md"
};

static const unsigned char file_34[] = {
#embed "../../docs/decisions/0006-events-where-a-commit-ends.md"
};

static const unsigned char file_35[] = {
#embed "../../docs/decisions/0007-websocket-frames-are-read-by-us.md"
};

static const unsigned char file_36[] = {
#embed "../../docs/decisions/0008-web-files-by-the-c-compiler.md"
};

static const unsigned char file_37[] = {
#embed "../../docs/decisions/0009-writes-take-turns-by-application.md"
};

static const unsigned char file_38[] = {
#embed "../../docs/decisions/0010-changes-of-subscriptions-are-numbered.md"
};

static const unsigned char file_39[] = {
#embed "../../docs/decisions/0011-running-on-a-sharded-postgresql.md"
};

static const unsigned char file_40[] = {
#embed "../../docs/decisions/0012-checksums-of-pages.md"
};

static const unsigned char file_41[] = {
#embed "../../docs/decisions/0013-markdown-is-read-by-us.md"
};

static const unsigned char file_42[] = {
#embed "../../docs/emulator.md"
};

static const unsigned char file_43[] = {
#embed "../../docs/evidence.md"
};

static const unsigned char file_44[] = {
#embed "../../docs/export-format.md"
};

static const unsigned char file_45[] = {
#embed "../../docs/faq.md"
};

static const unsigned char file_46[] = {
#embed "../../docs/images/soak-delivery.svg"
};

static const unsigned char file_47[] = {
#embed "../../docs/images/soak-descriptors.svg"
};

static const unsigned char file_48[] = {
#embed "../../docs/images/soak-memory.svg"
};

static const unsigned char file_49[] = {
#embed "../../docs/images/soak-receipts.svg"
};

static const unsigned char file_50[] = {
#embed "../../docs/installing.md"
};

static const unsigned char file_51[] = {
#embed "../../docs/migrating.md"
};

static const unsigned char file_52[] = {
#embed "../../docs/operating.md"
};

static const unsigned char file_53[] = {
#embed "../../docs/performance.md"
};

static const unsigned char file_54[] = {
#embed "../../docs/quick-start.md"
};

static const unsigned char file_55[] = {
#embed "../../docs/rest-api.md"
};

static const unsigned char file_56[] = {
#embed "../../docs/runbook.md"
};

static const unsigned char file_57[] = {
#embed "../../docs/scaling.md"
};

static const unsigned char file_58[] = {
#embed "../../docs/sdk-javascript.md"
};

static const unsigned char file_59[] = {
#embed "../../docs/sdk-swift.md"
};

static const unsigned char file_60[] = {
#embed "../../docs/subscriber-protocol.md"
};

static const unsigned char file_61[] = {
#embed "../../docs/testing.md"
};

static const unsigned char file_62[] = {
#embed "../../docs/threat-model.md"
};

static const unsigned char file_63[] = {
#embed "../../docs/webhook-receivers.md"
};

static const unsigned char file_64[] = {
#embed "../../docs/webhooks.md"
};

static const unsigned char file_65[] = {
#embed "../../examples/migration/move.py"
};

static const unsigned char file_66[] = {
#embed "../../examples/webhooks/go/go.mod"
};

static const unsigned char file_67[] = {
#embed "../../examples/webhooks/go/main.go"
};

static const unsigned char file_68[] = {
#embed "../../examples/webhooks/java/Receiver.java"
};

static const unsigned char file_69[] = {
#embed "../../examples/webhooks/node/receiver.mjs"
};

static const unsigned char file_70[] = {
#embed "../../examples/webhooks/python/receiver.py"
};

static const unsigned char file_71[] = {
#embed "../../examples/webhooks/swift/Package.swift"
};

static const unsigned char file_72[] = {
#embed "../../examples/webhooks/swift/Sources/webhook-receiver/Receiver.swift"
};

static const unsigned char file_73[] = {
#embed "../../examples/webhooks/swift/Sources/webhook-receiver/Verification.swift"
};

const web_named_file *web_documentation(size_t *count) {
    static const web_named_file files[] = {
        NAMED("docs/README.md", file_1),
        NAMED("docs/adding-a-command.md", file_2),
        NAMED("docs/adding-a-page.md", file_3),
        NAMED("docs/architecture.md", file_4),
        NAMED("docs/cluster.md", file_5),
        NAMED("docs/commands/README.md", file_6),
        NAMED("docs/commands/account_check.md", file_7),
        NAMED("docs/commands/account_delete.md", file_8),
        NAMED("docs/commands/account_import.md", file_9),
        NAMED("docs/commands/add_subscriber.md", file_10),
        NAMED("docs/commands/create_official_account.md", file_11),
        NAMED("docs/commands/delete_subscriber.md", file_12),
        NAMED("docs/commands/destroy_official_account.md", file_13),
        NAMED("docs/commands/get_broadcast_receipt.md", file_14),
        NAMED("docs/commands/get_official_account_info.md", file_15),
        NAMED("docs/commands/get_subscribed_official_account_list.md", file_16),
        NAMED("docs/commands/get_subscriber_info.md", file_17),
        NAMED("docs/commands/kick.md", file_18),
        NAMED("docs/commands/modify_official_account_base_info.md", file_19),
        NAMED("docs/commands/modify_subscriber_info.md", file_20),
        NAMED("docs/commands/multiaccount_import.md", file_21),
        NAMED("docs/commands/official_account_msg_get_simple.md", file_22),
        NAMED("docs/commands/official_account_msg_recall.md", file_23),
        NAMED("docs/commands/query_online_status.md", file_24),
        NAMED("docs/commands/send_official_account_msg.md", file_25),
        NAMED("docs/compatibility.md", file_26),
        NAMED("docs/concepts.md", file_27),
        NAMED("docs/console.md", file_28),
        NAMED("docs/decisions/0001-sql-is-written-once.md", file_29),
        NAMED("docs/decisions/0002-a-json-reader-of-our-own.md", file_30),
        NAMED("docs/decisions/0003-what-an-idempotency-key-keeps.md", file_31),
        NAMED("docs/decisions/0004-the-emulator-is-a-room.md", file_32),
        NAMED("docs/decisions/0005-where-webhooks-may-go.md", file_33),
        NAMED("docs/decisions/0006-events-where-a-commit-ends.md", file_34),
        NAMED("docs/decisions/0007-websocket-frames-are-read-by-us.md", file_35),
        NAMED("docs/decisions/0008-web-files-by-the-c-compiler.md", file_36),
        NAMED("docs/decisions/0009-writes-take-turns-by-application.md", file_37),
        NAMED("docs/decisions/0010-changes-of-subscriptions-are-numbered.md", file_38),
        NAMED("docs/decisions/0011-running-on-a-sharded-postgresql.md", file_39),
        NAMED("docs/decisions/0012-checksums-of-pages.md", file_40),
        NAMED("docs/decisions/0013-markdown-is-read-by-us.md", file_41),
        NAMED("docs/emulator.md", file_42),
        NAMED("docs/evidence.md", file_43),
        NAMED("docs/export-format.md", file_44),
        NAMED("docs/faq.md", file_45),
        NAMED("docs/images/soak-delivery.svg", file_46),
        NAMED("docs/images/soak-descriptors.svg", file_47),
        NAMED("docs/images/soak-memory.svg", file_48),
        NAMED("docs/images/soak-receipts.svg", file_49),
        NAMED("docs/installing.md", file_50),
        NAMED("docs/migrating.md", file_51),
        NAMED("docs/operating.md", file_52),
        NAMED("docs/performance.md", file_53),
        NAMED("docs/quick-start.md", file_54),
        NAMED("docs/rest-api.md", file_55),
        NAMED("docs/runbook.md", file_56),
        NAMED("docs/scaling.md", file_57),
        NAMED("docs/sdk-javascript.md", file_58),
        NAMED("docs/sdk-swift.md", file_59),
        NAMED("docs/subscriber-protocol.md", file_60),
        NAMED("docs/testing.md", file_61),
        NAMED("docs/threat-model.md", file_62),
        NAMED("docs/webhook-receivers.md", file_63),
        NAMED("docs/webhooks.md", file_64),
        NAMED("examples/migration/move.py", file_65),
        NAMED("examples/webhooks/go/go.mod", file_66),
        NAMED("examples/webhooks/go/main.go", file_67),
        NAMED("examples/webhooks/java/Receiver.java", file_68),
        NAMED("examples/webhooks/node/receiver.mjs", file_69),
        NAMED("examples/webhooks/python/receiver.py", file_70),
        NAMED("examples/webhooks/swift/Package.swift", file_71),
        NAMED("examples/webhooks/swift/Sources/webhook-receiver/Receiver.swift", file_72),
        NAMED("examples/webhooks/swift/Sources/webhook-receiver/Verification.swift", file_73),
    };
    *count = sizeof files / sizeof files[0];
    return files;
}
