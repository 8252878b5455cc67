import FuzzDriver
import FuzzServerEntries

fuzz(serverEntries)
