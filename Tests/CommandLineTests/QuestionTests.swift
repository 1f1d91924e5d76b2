// The questions in data/questions: they are what the script writes, nothing that is asked was
// trained, and answers are judged as they should be. No model is asked here.

import FileIO
import Foundation
import TestSupport
import Testing

private let root = FilePath(#filePath).removingLastComponent().removingLastComponent()
    .removingLastComponent()
private let hasPython = (try? shell("command -v python3").status) == 0

@Suite(.serialized) struct QuestionTests {
    private struct Row: Decodable {
        struct Message: Decodable {
            let role: String
            let content: String
        }

        let messages: [Message]
        let accepts: [String]?
    }

    private func rows(_ name: String) throws -> [Row] {
        let path = root.appending("data/questions").appending(name)
        return try MappedFile(path).contents().split(separator: UInt8(ascii: "\n")).map {
            try JSONDecoder().decode(Row.self, from: Data($0))
        }
    }

    @Test func noQuestionIsInTheTrainingText() throws {
        let (trained, heldOut) = try (rows("train.jsonl"), rows("held-out.jsonl"))
        #expect(trained.count == 240)
        #expect(heldOut.count == 50)
        let questions = Set(trained.flatMap(\.messages).filter { $0.role == "user" }.map(\.content))
        // What the answers say is trained, in other words.
        let answers = Set(trained.flatMap(\.messages).map(\.content))
        for row in heldOut {
            #expect(row.messages.map(\.role) == ["user", "assistant"])
            #expect(!questions.contains(row.messages[0].content), "\(row.messages[0].content)")
            #expect(answers.contains(row.messages[1].content), "\(row.messages[1].content)")
            #expect(row.accepts?.isEmpty == false)
        }
        #expect(Set(heldOut.map { $0.messages[0].content }).count == heldOut.count)
        for row in trained {
            let roles = (0..<row.messages.count).map { $0 % 2 == 0 ? "user" : "assistant" }
            #expect(row.messages.map(\.role) == roles)
        }
    }

    @Test(.enabled(if: hasPython, "there is no python3 here"))
    func theFilesAreWhatTheScriptWrites() throws {
        let outcome = try shell("'\(root)/scripts/make_questions' --check")
        #expect(outcome.status == 0, "\(outcome.errors)")
    }

    /// What the script says of replies, one a question.
    private func judge(_ replies: [String], _ arguments: String = "") throws -> Outcome {
        try withTemporaryDirectory { directory in
            let path = directory.appending("replies.txt")
            try writeBytes(Array(replies.map { $0 + "\n" }.joined().utf8), to: path)
            return try shell("'\(root)/scripts/check_answers' --replies '\(path)' \(arguments)")
        }
    }

    @Test(.enabled(if: hasPython, "there is no python3 here"))
    func onlyTheRightAnswersCount() throws {
        let rows = try rows("held-out.jsonl")
        let answers = rows.map { $0.messages[1].content }
        #expect(try judge(answers).output == "right 50 of 50\n")
        #expect(try judge(answers.map { $0.uppercased() }).output == "right 50 of 50\n")
        let everything = rows.flatMap { $0.accepts ?? [] }.joined(separator: ", ")
        #expect(try judge(rows.map { _ in everything }).output == "right 0 of 50\n")
        #expect(try judge(rows.map { _ in "" }).output == "right 0 of 50\n")
        // The answers to other questions, and words that only contain the right one.
        #expect(try judge(Array(answers.reversed())).output == "right 0 of 50\n")
        let longer = rows.map { "\($0.accepts?.first ?? "")ish" }
        #expect(try judge(longer).output == "right 0 of 50\n")
        // A question may be repeated in its answer.
        let repeated = rows.map { $0.messages.map(\.content).joined(separator: " ") }
        #expect(try judge(repeated).output == "right 50 of 50\n")
    }

    @Test(.enabled(if: hasPython, "there is no python3 here"))
    func theStatusSaysWhetherEnoughAreRight() throws {
        let answers = try rows("held-out.jsonl").map { $0.messages[1].content }
        let half = answers.prefix(25) + answers.suffix(25).map { _ in "I do not know." }
        #expect(try judge(Array(half), "--at-least 25").status == 0)
        let outcome = try judge(Array(half), "--at-least 26")
        #expect(outcome.status == 1)
        #expect(outcome.output == "right 25 of 50\n")
        for (replies, arguments, status, words) in [
            (["one"], "", 65, "has 1 lines for 50 questions"),
            (answers, "--model nowhere", 64, "not allowed with"),
            (answers, "--template plain", 64, "cannot be used with --replies"),
            (answers, "--questions /dev/null", 65, "has no questions"),
            (answers, "--questions /nowhere", 66, "cannot be read"),
        ] {
            let outcome = try judge(replies, arguments)
            #expect(outcome.status == Int32(status))
            #expect(outcome.output == "")
            #expect(outcome.errors.contains(words), "\(outcome.errors)")
        }
    }
}
