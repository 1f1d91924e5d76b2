// The files of assets/. A test holds this list against the directory.
#include "CPages.h"

// Older modes of C have #embed as an extension of clang's.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char page_css[] = {
#embed "assets/page.css"
};
static const unsigned char charts_css[] = {
#embed "assets/charts.css"
};
static const unsigned char report_css[] = {
#embed "assets/report.css"
};
static const unsigned char numbers_js[] = {
#embed "assets/numbers.js"
};
static const unsigned char scales_js[] = {
#embed "assets/scales.js"
};
static const unsigned char lines_js[] = {
#embed "assets/lines.js"
};
static const unsigned char chart_js[] = {
#embed "assets/chart.js"
};
static const unsigned char pointing_js[] = {
#embed "assets/pointing.js"
};
static const unsigned char page_js[] = {
#embed "assets/page.js"
};
static const unsigned char inspect_css[] = {
#embed "assets/inspect.css"
};
static const unsigned char shades_js[] = {
#embed "assets/shades.js"
};
static const unsigned char walking_js[] = {
#embed "assets/walking.js"
};
static const unsigned char tokens_js[] = {
#embed "assets/tokens.js"
};
static const unsigned char patterns_js[] = {
#embed "assets/patterns.js"
};
static const unsigned char heads_js[] = {
#embed "assets/heads.js"
};
static const unsigned char attention_js[] = {
#embed "assets/attention.js"
};
static const unsigned char lens_js[] = {
#embed "assets/lens.js"
};
static const unsigned char losses_js[] = {
#embed "assets/losses.js"
};
static const unsigned char scores_js[] = {
#embed "assets/scores.js"
};
static const unsigned char heatmap_js[] = {
#embed "assets/heatmap.js"
};
static const unsigned char inspect_js[] = {
#embed "assets/inspect.js"
};
static const unsigned char elements_js[] = {
#embed "assets/elements.js"
};
static const unsigned char server_html[] = {
#embed "assets/server.html"
};
static const unsigned char server_css[] = {
#embed "assets/server.css"
};
static const unsigned char server_events_js[] = {
#embed "assets/server-events.js"
};
static const unsigned char server_troubles_js[] = {
#embed "assets/server-troubles.js"
};
static const unsigned char server_requests_js[] = {
#embed "assets/server-requests.js"
};
static const unsigned char server_reply_js[] = {
#embed "assets/server-reply.js"
};
static const unsigned char server_storage_js[] = {
#embed "assets/server-storage.js"
};
static const unsigned char server_conversations_js[] = {
#embed "assets/server-conversations.js"
};
static const unsigned char server_settings_js[] = {
#embed "assets/server-settings.js"
};
static const unsigned char server_history_js[] = {
#embed "assets/server-history.js"
};
static const unsigned char server_rendering_js[] = {
#embed "assets/server-rendering.js"
};
static const unsigned char server_parts_js[] = {
#embed "assets/server-parts.js"
};
static const unsigned char server_notice_js[] = {
#embed "assets/server-notice.js"
};
static const unsigned char server_panel_js[] = {
#embed "assets/server-panel.js"
};
static const unsigned char server_chat_js[] = {
#embed "assets/server-chat.js"
};
static const unsigned char server_paper_js[] = {
#embed "assets/server-paper.js"
};
static const unsigned char server_js[] = {
#embed "assets/server.js"
};

#define FILE_OF(name, kind) {#name "." #kind, name##_##kind, sizeof name##_##kind}
#define SERVER_FILE_OF(name) {"server-" #name ".js", server_##name##_js, sizeof server_##name##_js}

static const cp_asset assets[] = {
    FILE_OF(page, css),
    FILE_OF(charts, css),
    FILE_OF(report, css),
    FILE_OF(numbers, js),
    FILE_OF(scales, js),
    FILE_OF(lines, js),
    FILE_OF(chart, js),
    FILE_OF(pointing, js),
    FILE_OF(page, js),
    FILE_OF(inspect, css),
    FILE_OF(shades, js),
    FILE_OF(walking, js),
    FILE_OF(tokens, js),
    FILE_OF(patterns, js),
    FILE_OF(heads, js),
    FILE_OF(attention, js),
    FILE_OF(lens, js),
    FILE_OF(losses, js),
    FILE_OF(scores, js),
    FILE_OF(heatmap, js),
    FILE_OF(inspect, js),
    FILE_OF(elements, js),
    FILE_OF(server, html),
    FILE_OF(server, css),
    FILE_OF(server, js),
    SERVER_FILE_OF(events),
    SERVER_FILE_OF(troubles),
    SERVER_FILE_OF(requests),
    SERVER_FILE_OF(reply),
    SERVER_FILE_OF(storage),
    SERVER_FILE_OF(conversations),
    SERVER_FILE_OF(settings),
    SERVER_FILE_OF(history),
    SERVER_FILE_OF(rendering),
    SERVER_FILE_OF(parts),
    SERVER_FILE_OF(notice),
    SERVER_FILE_OF(panel),
    SERVER_FILE_OF(chat),
    SERVER_FILE_OF(paper),
};

const cp_asset *cp_assets(size_t *count) {
    *count = sizeof assets / sizeof assets[0];
    return assets;
}
