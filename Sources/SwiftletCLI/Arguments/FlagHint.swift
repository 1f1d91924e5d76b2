// What to type for what an error's sentence suggests: the library knows of no flags.

import Server
import Swiftlet

/// The flag that lifts a refusal of the library, as the end of its sentence; nil when there is
/// none.
func flagHint(for error: any Error) -> String? {
    switch error {
    case TrainingError.runDiffers: "--allow-changes allows the changes"
    case TrainingError.runExists: "--resume auto resumes it, --overwrite overwrites it"
    case FileIOError.alreadyExists, DownloadError.otherFileExists: "--overwrite overwrites it"
    case ServerError.portInUse, ServerError.notPermitted:
        "--port chooses one, and --port 0 any that is free"
    case ServerError.unknownHost, ServerError.foreignHost: "--host chooses it"
    default: nil
    }
}
