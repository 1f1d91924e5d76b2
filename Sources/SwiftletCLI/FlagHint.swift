// What to type for what an error's sentence suggests: the library knows of no flags.

import Swiftlet

/// The flag that lifts a refusal of the library, as the end of its sentence; nil when there is
/// none.
func flagHint(for error: any Error) -> String? {
    switch error {
    case TrainingError.runDiffers: "--allow-changes allows the changes"
    case TrainingError.runExists: "--resume auto resumes it, --overwrite overwrites it"
    case FileIOError.alreadyExists, DownloadError.otherFileExists: "--overwrite overwrites it"
    default: nil
    }
}
