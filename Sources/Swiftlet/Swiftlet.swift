// The umbrella: `import Swiftlet` imports everything public, and inside the package all that is
// `package`.

@_exported import Collectives
@_exported import Downloads
@_exported import FileIO
@_exported import Inference
@_exported import Interpretability
@_exported import LanguageModels
@_exported import RandomNumbers
@_exported import Reports
@_exported import Stories
@_exported import TensorFiles
@_exported import Tensors
@_exported import TextGeneration
@_exported import TokenData
@_exported import Tokenization
@_exported import Training
