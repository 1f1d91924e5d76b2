// The page that a server shows for its model. Its behavior is in CPages/assets/server-*.js; here
// are the document, what the scripts know about the model, and the header fields it is sent with.

/// A server's page: a chat with its model, or a text that the model continues.
package struct ServerPage: Sendable {
    /// The facts for the page's scripts.
    private struct Facts: Encodable {
        let model: String
        let isChat: Bool
        let contextLength: Int
        let needsKey: Bool
    }

    private let facts: Facts

    /// - Parameters:
    ///   - model: The server's name for its model.
    ///   - isChat: Whether the model can chat; otherwise it continues texts.
    ///   - contextLength: The most tokens in a prompt and its continuation together.
    ///   - needsKey: Whether the server requires a key.
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

    /// An unguessable word for a single answer.
    package static func nonce() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<2).map { _ in String(generator.next() as UInt64, radix: 36) }.joined()
    }

    /// The header fields of the document.
    /// - Parameter nonce: The nonce in the document.
    /// - Returns: Fields that make the browser run only the document's scripts, contact no other
    ///   server, and let no other page embed the document in a frame.
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
    /// - Parameter nonce: From ``nonce()``, a new one for every answer.
    /// - Returns: HTML that is also well-formed XML, whatever the model is called.
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
