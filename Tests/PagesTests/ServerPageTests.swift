import Foundation
import Testing

@testable import Pages

#if canImport(FoundationXML)
    import FoundationXML
#endif

@Suite struct ServerPageTests {
    private let hostile = "</script><script>alert(1)</script>]]>&\u{0}\u{2028}'\"<img src=x>"

    private func page(_ model: String = "model.gguf", isChat: Bool = true) -> ServerPage {
        ServerPage(model: model, isChat: isChat, contextLength: 2048, needsKey: false)
    }

    @Test func aPageIsWellFormedWhateverItsModelIsCalled() {
        let document = page(hostile).document(nonce: "abc")
        #expect(XMLParser(data: Data(document.utf8)).parse())
        #expect(!document.contains("<script>alert"))
        #expect(!document.contains("<img"))
    }

    @Test func theScriptsKnowWhatIsServed() throws {
        let document = page(hostile, isChat: false).document(nonce: "abc")
        let start = try #require(document.range(of: "id=\"facts\">"))
        let rest = document[start.upperBound...]
        let end = try #require(rest.range(of: "</script>"))
        let json = Data(rest[..<end.lowerBound].utf8)
        let facts = try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any])
        #expect(facts["model"] as? String == hostile)
        #expect(facts["isChat"] as? Bool == false)
        #expect(facts["contextLength"] as? Int == 2048)
        #expect(facts["needsKey"] as? Bool == false)
    }

    @Test func everyScriptHasTheNonceOfItsAnswer() throws {
        let nonce = ServerPage.nonce()
        let document = page().document(nonce: nonce)
        for element in ["<script", "<style"] {
            for place in document.ranges(of: element) {
                let rest = document[place.upperBound...]
                let isData = rest.hasPrefix(" type=\"application/json\"")
                #expect(isData || rest.hasPrefix(" nonce=\"\(nonce)\">"))
            }
        }
        let headers = ServerPage.headers(nonce: nonce)
        let policy = try #require(headers.first { $0.name == "Content-Security-Policy" }?.value)
        #expect(policy.hasPrefix("default-src 'none'; script-src 'nonce-\(nonce)'; "))
        #expect(!policy.contains("unsafe"))
        #expect(headers.contains { $0 == ("Content-Type", "text/html; charset=utf-8") })
    }

    @Test func noTwoAnswersHaveTheSameNonce() {
        let nonces = Set((0..<100).map { _ in ServerPage.nonce() })
        #expect(nonces.count == 100)
        // A valid nonce for a policy, and too long to be guessed.
        #expect(nonces.allSatisfy { $0.count >= 18 && $0.allSatisfy { $0.isASCII } })
        #expect(nonces.joined().allSatisfy { $0.isLetter || $0.isNumber })
    }

    @Test func thePageHasNoInlineHandlersOrStyles() {
        let markup = PageAsset.named("server.html").text
        // The policy would refuse them.
        #expect(markup.firstMatch(of: /\s(on[a-z]+|style|href|src)=/) == nil)
    }
}
