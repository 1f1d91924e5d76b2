// Who may use the server: the key, the Host, and pages of other origins.

import FileIO
import Server
import Testing

private func reply(
    _ access: Access,
    _ path: String = "/v1/models",
    _ headers: HTTPHeaders = [:],
    method: String = "GET"
) async throws -> HTTPReply {
    let request = HTTPRequest(method: method, path: path, headers: headers)
    return try await TestServer(access: access).router.reply(to: request)
}

@Suite struct AccessTests {
    @Test(arguments: ["Bearer sesame", "bearer sesame", "Bearer   sesame"])
    func theRightKeyIsAccepted(field: String) async throws {
        let access = Access(apiKey: "sesame")
        #expect(try await reply(access, "/v1/models", ["authorization": field]).status == 200)
    }

    @Test(arguments: [
        "", "Bearer", "Bearer ", "Bearer sesam", "Bearer sesamee", "Bearer Sesame", "sesame",
        "Basic sesame", "Bearer sesame x", "Bearer\tsesame",
    ])
    func everyOtherKeyIsRefused(field: String) async throws {
        let access = Access(apiKey: "sesame")
        let refused = try await reply(access, "/v1/models", ["Authorization": field])
        #expect(refused.status == 401)
        #expect(refused.headers["WWW-Authenticate"] == "Bearer")
        #expect(try refused.json["error"]?["code"]?.string == "invalid_api_key")
    }

    @Test func noneOfManyKeysIsMistakenForAnother() async throws {
        let server = try TestServer(access: Access(apiKey: "sesame"))
        for number in 0..<2000 {
            let headers: HTTPHeaders = ["Authorization": "Bearer key\(number)"]
            let reply = await server.router.reply(
                to: HTTPRequest(path: "/metrics", headers: headers)
            )
            #expect(reply.status == 401)
        }
    }

    @Test func theKeyIsRequiredExceptForHealthAndThePage() async throws {
        let access = Access(apiKey: "sesame")
        for path in ["/metrics", "/v1/models", "/v1/models/alphabet", "/tokenize", "/v1/nothing"] {
            #expect(try await reply(access, path).status == 401, "\(path)")
        }
        for path in ["/v1/completions", "/v1/chat/completions", "/tokenize", "/detokenize"] {
            #expect(try await reply(access, path, method: "POST").status == 401, "\(path)")
        }
        #expect(try await reply(access, "/health").status == 200)
        #expect(try await reply(access, "/").status == 200)
    }

    @Test(arguments: [
        "localhost", "LocalHost:8080", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:8080",
        "127.0.1.1:8080", "127.255.0.9",
    ])
    func aLocalServerIsAddressedByThisMachinesNames(host: String) async throws {
        let access = Access(checksHost: true)
        #expect(try await reply(access, "/", ["Host": host]).status == 200)
    }

    @Test(arguments: [
        "example.com", "localhost.example.com", "127.0.0.1.example.com", "localhost:80@example.com",
        "example.com:8080", "127.0.0.256", "127.0.0", "127.0.0.1.", "127.0.0.01", "128.0.0.1",
        "[::1]x", "::1", "localhost:8080:1", "localhost:8x", "localhost.", "",
    ])
    func everyOtherNameIsRefused(host: String) async throws {
        let access = Access(apiKey: "sesame", checksHost: true)
        for path in ["/", "/health", "/v1/models"] {
            let refused = try await reply(access, path, ["Host": host])
            #expect(refused.status == 403)
            #expect(try refused.json["error"]?["code"]?.string == "host_not_allowed")
        }
        let twice: HTTPHeaders = ["Host": "localhost", "host": host]
        #expect(try await reply(access, "/health", twice).status == 403)
        // If others can connect, they may address it by any name.
        #expect(try await reply(Access(), "/health", ["Host": host]).status == 200)
    }

    @Test func theNameItListensOnIsAccepted() async throws {
        let access = Access(checksHost: true, hostName: "Desk")
        for host in ["desk", "DESK:8080", "localhost"] {
            #expect(try await reply(access, "/", ["Host": host]).status == 200)
        }
        #expect(try await reply(access, "/", ["Host": "desk.example"]).status == 403)
        let address = Access(checksHost: true, hostName: "::1")
        #expect(try await reply(address, "/", ["Host": "[::1]:80"]).status == 200)
    }

    @Test func pagesOfOtherOriginsReadNothingUnlessAllowed() async throws {
        let headers: HTTPHeaders = ["Origin": "https://a.example"]
        let closed = try await reply(Access(), "/v1/models", headers)
        #expect(closed.headers["Access-Control-Allow-Origin"] == nil)
        #expect(closed.headers["Vary"] == nil)
        let open = Access(corsOrigin: "https://a.example")
        let allowed = try await reply(open, "/v1/models", headers)
        #expect(allowed.headers["Access-Control-Allow-Origin"] == "https://a.example")
        #expect(allowed.headers["Vary"] == "Origin")
        for other in ["https://b.example", "https://a.example.b", "null", ""] {
            let refused = try await reply(open, "/v1/models", ["Origin": other])
            #expect(refused.headers["Access-Control-Allow-Origin"] == nil)
            #expect(refused.headers["Vary"] == "Origin")
        }
        let everybody = try await reply(Access(corsOrigin: "*"), "/v1/nothing", headers)
        #expect(everybody.status == 404)
        #expect(everybody.headers["Access-Control-Allow-Origin"] == "*")
    }

    @Test func pagesOfOtherOriginsCannotGenerateTexts() async throws {
        let path = "/v1/completions"
        for site in ["cross-site", "same-site"] {
            let headers: HTTPHeaders = ["Origin": "https://a.example", "Sec-Fetch-Site": site]
            let refused = try await reply(Access(), path, headers, method: "POST")
            #expect(refused.status == 403)
            #expect(try refused.json["error"]?["code"]?.string == "origin_not_allowed")
            // A link to the page still works.
            #expect(try await reply(Access(), "/", headers).status == 200)
            let open = Access(corsOrigin: "https://a.example")
            #expect(try await reply(open, path, headers, method: "POST").status == 400)
            let other = Access(corsOrigin: "https://b.example")
            #expect(try await reply(other, path, headers, method: "POST").status == 403)
        }
        for site in ["same-origin", "none"] {
            let headers: HTTPHeaders = ["Sec-Fetch-Site": site]
            #expect(try await reply(Access(), path, headers, method: "POST").status == 400)
        }
    }

    @Test func pagesOfOtherOriginsCannotDoSoOverAPlainNetwork() async throws {
        let path = "/v1/completions"
        let host = "10.0.0.5:8080"
        for origin in ["http://a.example", "https://10.0.0.5:8080", "http://10.0.0.5", "null"] {
            let headers: HTTPHeaders = ["Host": host, "Origin": origin]
            #expect(try await reply(Access(), path, headers, method: "POST").status == 403)
            let open = Access(corsOrigin: origin)
            #expect(try await reply(open, path, headers, method: "POST").status == 400)
        }
        for headers: HTTPHeaders in [["Host": host, "Origin": "http://\(host)"], ["Host": host]] {
            #expect(try await reply(Access(), path, headers, method: "POST").status == 400)
        }
    }

    @Test func preflightRequestsNeedNoKey() async throws {
        let access = Access(apiKey: "sesame", corsOrigin: "https://a.example")
        var headers: HTTPHeaders = [
            "Origin": "https://a.example", "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type,x-stainless-lang",
        ]
        let path = "/v1/chat/completions"
        let allowed = try await reply(access, path, headers, method: "OPTIONS")
        #expect(allowed.status == 204)
        #expect(allowed.headers["Access-Control-Allow-Origin"] == "https://a.example")
        #expect(allowed.headers["Access-Control-Allow-Methods"]?.contains("POST") == true)
        #expect(
            allowed.headers["Access-Control-Allow-Headers"]
                == "authorization,content-type,x-stainless-lang"
        )
        headers["Access-Control-Request-Headers"] = "x\r\nSet-Cookie: a"
        let odd = try await reply(access, path, headers, method: "OPTIONS")
        #expect(odd.headers["Access-Control-Allow-Headers"] == "Authorization, Content-Type")
        headers["Origin"] = "https://b.example"
        let refused = try await reply(access, path, headers, method: "OPTIONS")
        #expect(refused.status == 204)
        #expect(refused.headers["Access-Control-Allow-Origin"] == nil)
        #expect(refused.headers["Access-Control-Allow-Methods"] == nil)
        let closed = try await reply(Access(), path, headers, method: "OPTIONS")
        #expect(closed.status == 405)
    }

    @Test func aPageThatMayReadAnswersMayReadErrors() throws {
        let server = try TestServer(access: Access(corsOrigin: "https://a.example"))
        let reply = server.router.reply(to: .bodyTooLarge(limit: 5))
        #expect(reply.headers["Access-Control-Allow-Origin"] == "https://a.example")
    }

    @Test func thePageRunsOnlyItsOwnScripts() async throws {
        let page = try await reply(Access(), "/")
        #expect(page.headers["Content-Type"] == "text/html; charset=utf-8")
        let policy = try #require(page.headers["Content-Security-Policy"])
        #expect(policy.contains("default-src 'none'") && !policy.contains("unsafe"))
        #expect(page.headers["Cache-Control"] == "no-store")
        #expect(page.text.contains("alphabet"))
        let again = try await reply(Access(), "/")
        #expect(again.headers["Content-Security-Policy"] != policy)
    }

    @Test func everyAnswerHasItsOwnIdentifier() async throws {
        let server = try TestServer()
        let ids = [await server.get("/health"), await server.get("/nothing")]
            .compactMap { $0.headers["X-Request-Id"] }
        #expect(Set(ids).count == 2)
        #expect(ids.allSatisfy { $0.hasPrefix("req_") })
    }
}
