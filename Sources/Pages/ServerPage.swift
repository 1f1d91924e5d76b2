// The page that a server shows for its model. What it does is in CPages/assets/server-*.js; here
// are the document, what the scripts are told of the model, and the header fields it is sent with.

/// The page of a server: a chat with its model, or a text that the model continues.
package struct ServerPage: Sendable {
    /// What the page's scripts are told.
    private struct Facts: Encodable {
        let model: String
        let isChat: Bool
        let contextLength: Int
        let needsKey: Bool
    }

    private let facts: Facts

    /// - Parameters:
    ///   - model: What the server calls its model.
    ///   - isChat: Whether conversations can be held with it; else it continues texts.
    ///   - contextLength: How many tokens a prompt and what follows may have together.
    ///   - needsKey: Whether the server asks for a key.
    package init(model: String, isChat: Bool, contextLength: Int, needsKey: Bool) {
        facts = Facts(
            model: model,
            isChat: isChat,
            contextLength: contextLength,
            needsKey: needsKey
        )
    }

    private static let styles = ["page.css", "server.css"].map(PageAsset.named)
    private static let scripts = [
        "numbers", "elements", "server-events", "server-troubles", "server-requests",
        "server-reply", "server-storage", "server-conversations", "server-settings",
        "server-history", "server-rendering", "server-parts", "server-notice", "server-panel",
        "server-chat", "server-paper", "server",
    ].map { PageAsset.named($0 + ".js") }

    /// A word that no one can guess, for one answer.
    package static func nonce() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<2).map { _ in String(generator.next() as UInt64, radix: 36) }.joined()
    }

    /// The header fields that the document is sent with.
    /// - Parameter nonce: That of the document.
    /// - Returns: Fields by which the browser runs the document's scripts alone, asks nothing of
    ///   any other server, and lets no other page hold the document in a frame.
    package static func headers(nonce: String) -> [(name: String, value: String)] {
        let policy = [
            "default-src 'none'", "script-src 'nonce-\(nonce)'", "style-src 'nonce-\(nonce)'",
            "connect-src 'self'", "img-src data:", "base-uri 'none'", "form-action 'none'",
            "frame-ancestors 'none'",
        ]
        return [
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Security-Policy", policy.joined(separator: "; ")),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "no-referrer"),
            ("Cache-Control", "no-store"),
        ]
    }

    /// The document.
    /// - Parameter nonce: Of ``nonce()``, another one for every answer.
    /// - Returns: HTML that is well-formed XML too, whatever the model is called.
    package func document(nonce: String) -> String {
        let styles = Self.styles.map { sheet -> HTML in
            "<style nonce=\"\(nonce)\">\(verbatim: sheet)</style>\n"
        }
        let scripts = Self.scripts.map { script -> HTML in
            "<script nonce=\"\(nonce)\">\(verbatim: script)</script>\n"
        }
        let html: HTML = """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8"/>
            <meta name="viewport" content="width=device-width, initial-scale=1"/>
            <meta name="color-scheme" content="light dark"/>
            <title>\(facts.model) – Swiftlet</title>
            <link rel="icon" href="data:,"/>
            \(styles)</head>
            <body>
            \(HTML(PageAsset.named("server.html")))\(PageData.script(facts, id: "facts"))\(scripts)\
            </body>
            </html>

            """
        return html.source
    }
}
