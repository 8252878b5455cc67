#include <malloc.h>
#include <sys/timex.h>

/* spawn.h declares it for those alone who ask for all of glibc, which a module cannot; the first is a
 * posix_spawn_file_actions_t. */
int posix_spawn_file_actions_addclosefrom_np(void *actions, int from);
