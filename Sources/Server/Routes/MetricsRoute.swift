// The counts of a server in the text format of Prometheus, version 0.0.4.

import Inference
import TextGeneration

extension Router {
    /// All counts.
    func metricsReply() async -> HTTPReply {
        let text = PrometheusText(
            service: await model.service.statistics,
            requests: metrics.snapshot,
            slots: model.service.sequenceCount,
            queueCapacity: model.service.queueCapacity
        ).text
        return HTTPReply(
            headers: ["Content-Type": "text/plain; version=0.0.4; charset=utf-8"],
            body: .whole(Array(text.utf8))
        )
    }
}

/// Counts as Prometheus reads them.
private struct PrometheusText {
    private(set) var text = ""

    init(
        service: GenerationStatistics,
        requests: ServerMetrics.Snapshot,
        slots: Int,
        queueCapacity: Int
    ) {
        add("requests_total", "counter", "Requests that were answered, by endpoint and status.")
        let kinds = requests.requests.sorted {
            ($0.key.endpoint.rawValue, $0.key.status) < ($1.key.endpoint.rawValue, $1.key.status)
        }
        for (kind, count) in kinds {
            let endpoint = kind.endpoint.rawValue
            add("requests_total{endpoint=\"\(endpoint)\",status=\"\(kind.status)\"}", count)
        }
        add("texts_finished_total", "counter", "Texts that came to their end, by why they did.")
        for reason in [.length, .endOfText, .stopString, .context, .interrupted] as [StopReason] {
            let count = service.finished[reason] ?? 0
            add("texts_finished_total{reason=\"\(reason.rawValue)\"}", count)
        }
        for (name, count, help) in [
            ("texts_failed_total", service.failed, "Texts that ended with an error."),
            ("prompt_tokens_total", service.promptTokens, "Tokens of prompts that were read."),
            (
                "prompt_tokens_reused_total", service.reusedTokens,
                "Tokens of prompts that had been read for another text."
            ),
            ("generated_tokens_total", service.generatedTokens, "Tokens that were generated."),
        ] {
            add(name, "counter", help)
            add(name, count)
        }
        for (name, count, help) in [
            ("texts_running", service.running, "Texts that are being generated."),
            ("texts_waiting", service.queued, "Texts that wait for a place."),
            ("slots", slots, "Texts that can be generated at a time."),
            ("queue_capacity", queueCapacity, "Texts that may wait."),
        ] {
            add(name, "gauge", help)
            add(name, count)
        }
        add(
            "first_token_seconds",
            requests.firstTokens,
            "From the beginning of requests for text to their first token."
        )
        add(
            "request_seconds",
            requests.durations,
            "From the beginning to the end of requests for text that were answered."
        )
    }

    private mutating func add(_ name: String, _ type: String, _ help: String) {
        text += "# HELP swiftlet_\(name) \(help)\n# TYPE swiftlet_\(name) \(type)\n"
    }

    private mutating func add(_ sample: String, _ value: Int) {
        text += "swiftlet_\(sample) \(value)\n"
    }

    private mutating func add(
        _ name: String,
        _ histogram: ServerMetrics.Histogram,
        _ help: String
    ) {
        add(name, "histogram", help)
        var total = 0
        let bounds = ServerMetrics.Histogram.bounds.map { "\($0)" } + ["+Inf"]
        for (bound, count) in zip(bounds, histogram.counts) {
            total += count
            add("\(name)_bucket{le=\"\(bound)\"}", total)
        }
        text += "swiftlet_\(name)_sum \(histogram.sum)\n"
        add("\(name)_count", total)
    }
}
