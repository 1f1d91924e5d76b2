// Exit codes, after BSD's sysexits, and which errors they stand for.

import Benchmarks
import Server
import Swiftlet

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// How the program ends; when thrown, it ends the program without a message.
enum ExitStatus: CInt, Error {
    case done = 0
    case wrongUsage = 64
    case wrongContent = 65
    case missingInput = 66
    /// A bug in the program, or a machine that is too small.
    case failure = 70
    case cannotCreate = 73
    case inputOutput = 74
    /// Ctrl-C.
    case interrupted = 130

    /// What each means to whoever started the program.
    static let meanings: [(status: ExitStatus, meaning: String)] = [
        (.done, "The command succeeded."),
        (.wrongUsage, "The command line is wrong."),
        (.wrongContent, "A file's content is wrong."),
        (.missingInput, "An input is missing."),
        (.failure, "The machine is too small, or the program is at fault."),
        (.cannotCreate, "An output cannot be created."),
        (.inputOutput, "Reading or writing failed."),
        (.interrupted, "The command was interrupted, after saving what could be saved."),
    ]

    /// The status that an error of the library, or of a command, stands for.
    init(for error: any Error) {
        self =
            switch error {
            case let error as ExitStatus: error
            case let error as CommandError: error.status
            case let error as CollectiveError: ExitStatus(error)
            case let error as FileIOError: ExitStatus(error)
            case let error as UnexpectedFileError:
                error.found == .directory ? .missingInput : .wrongContent
            case let error as DownloadError: ExitStatus(error)
            case let error as OpeningError: ExitStatus(error)
            case let error as ModelError: ExitStatus(error)
            case let error as TokenDataError: ExitStatus(error)
            case let error as PreparationError: ExitStatus(error)
            case let error as StoryGrammarError: ExitStatus(error)
            case let error as TextTokenizerError: ExitStatus(error)
            case let error as InferenceError: ExitStatus(error)
            case let error as TensorError: ExitStatus(error)
            case let error as InterpretabilityError: ExitStatus(error)
            case let error as TrainingError: ExitStatus(error)
            case let error as ReportError: ExitStatus(error)
            case let error as TextGenerationError: ExitStatus(error)
            case let error as TensorFileError: ExitStatus(error)
            case let error as BenchmarkError: ExitStatus(error)
            case let error as ServerError: ExitStatus(error)
            default: .failure
            }
    }

    /// Ends the program.
    func exitProcess() -> Never {
        exit(rawValue)
    }

    private init(_ error: CollectiveError) {
        self =
            switch error {
            case .noLibrary, .foreignLibrary: .missingInput
            case .launcherMismatch, .notConnected, .unlike: .wrongUsage
            case .incomplete, .noThreads, .callFailed: .failure
            case .otherRank(_, _, let status): ExitStatus(rawValue: status) ?? .failure
            }
    }

    private init(_ error: FileIOError) {
        self =
            switch error {
            case .missing, .isDirectory: .missingInput
            case .truncated, .lineTooLong: .wrongContent
            case .alreadyExists: .cannotCreate
            case .shrunk: .inputOutput
            case .system(_, "map", _): .failure
            case .system(_, "create", _): .cannotCreate
            case .system(_, "open", _), .system(_, "read", _), .system(_, "list", _): .missingInput
            case .system: .inputOutput
            }
    }

    private init(_ error: DownloadError) {
        self =
            switch error {
            case .invalidBaseURL: .wrongUsage
            case .unreachable, .refused: .missingInput
            case .wrongContent: .wrongContent
            case .otherFileExists: .cannotCreate
            case .interrupted, .cannotWrite: .inputOutput
            }
    }

    private init(_ error: OpeningError) {
        self =
            switch error {
            case .noRun, .noTokenizer, .noChatTemplate, .unknownChatTemplate, .secondAdapter:
                .wrongUsage
            case .noConfiguration, .noBase: .missingInput
            case .otherTokenizer: .wrongContent
            }
    }

    private init(_ error: ModelError) {
        self =
            switch error {
            case .invalidConfiguration, .unknownDescriptor, .sequenceTooLong, .wrongBatch,
                .severalModels, .layerOutside, .layerNeeded, .noLayers:
                .wrongUsage
            case .tokenOutsideVocabulary, .mismatch, .impossibleSizes: .wrongContent
            case .cannotWrite: .cannotCreate
            }
    }

    private init(_ error: TokenDataError) {
        self =
            switch error {
            case .noShards: .missingInput
            case .tooFewTokens, .nothingToLearn: .wrongUsage
            case .shardFull: .cannotCreate
            default: .wrongContent
            }
    }

    private init(_ error: PreparationError) {
        self =
            switch error {
            case .noTextFiles: .missingInput
            case .noText, .invalidRow, .noEndOfText: .wrongContent
            case .repeatedStandardInput, .nothingToTrainOn, .invalidName: .wrongUsage
            }
    }

    private init(_ error: StoryGrammarError) {
        if case .noPlots = error { self = .missingInput } else { self = .wrongContent }
    }

    private init(_ error: TextTokenizerError) {
        self =
            switch error {
            case .cannotExport: .cannotCreate
            case .nothingInDirectory, .missingCompanion: .missingInput
            default: .wrongContent
            }
    }

    private init(_ error: InferenceError) {
        if case .unusableLogit = error { self = .wrongContent } else { self = .wrongUsage }
    }

    private init(_ error: InterpretabilityError) {
        self =
            switch error {
            case .tokenOutsideVocabulary, .noDirection, .noTokens, .noPairs, .tooManyTokens,
                .layerOutOfRange, .headOutOfRange, .neuronOutOfRange, .contextTooShort:
                .wrongUsage
            case .notFinite: .wrongContent
            }
    }

    private init(_ error: TextGenerationError) {
        self =
            switch error {
            case .vocabularyMismatch, .invalidHistory, .invalidConversation, .noConversations,
                .nothingSaid:
                .wrongContent
            default: .wrongUsage
            }
    }

    private init(_ error: TrainingError) {
        self =
            switch error {
            case .invalidSetting: .wrongUsage
            case .runExists, .runInUse, .notShared, .noRoom: .cannotCreate
            case .runDiffers, .otherModel: .wrongUsage
            case .diverged, .unusableLoss, .damagedFile, .invalidJSON: .wrongContent
            case .noCheckpoint, .noCheckpointOfStep, .noBestCheckpoint: .missingInput
            }
    }

    private init(_ error: BenchmarkError) {
        self =
            switch error {
            case .contextTooShort, .tooLittleMemory: .wrongUsage
            case .cannotWriteTokens(.missing): .cannotCreate
            case .cannotWriteTokens(let error): ExitStatus(error)
            }
    }

    private init(_ error: ServerError) {
        self =
            switch error {
            case .unknownHost, .foreignHost: .wrongUsage
            case .portInUse, .notPermitted: .cannotCreate
            case .system: .inputOutput
            }
    }

    private init(_ error: ReportError) {
        if case .tooManyRuns = error { self = .wrongUsage } else { self = .wrongContent }
    }

    private init(_ error: TensorFileError) {
        switch error {
        case .nothingInDirectory, .missingPart: self = .missingInput
        default: self = .wrongContent
        }
    }

    private init(_ error: TensorError) {
        switch error {
        case .outOfMemory, .noThreads: self = .failure
        default: self = .wrongUsage
        }
    }
}

/// A mistake that only the command line can see; `description` is one sentence for the user.
struct CommandError: Error, CustomStringConvertible {
    let status: ExitStatus
    let description: String

    init(_ status: ExitStatus, _ description: String) {
        self.status = status
        self.description = description
    }
}
