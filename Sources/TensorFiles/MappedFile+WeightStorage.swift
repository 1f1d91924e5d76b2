// Weights that stay where a file stores them.

import FileIO
import Tensors

extension MappedFile: WeightStorage {}
