import FuzzDriver
import FuzzEntries

try await withEntries { entries -> Void in fuzz(entries) }
