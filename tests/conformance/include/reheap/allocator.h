/* Where an installed plugin's author finds it. */
#include "allocator/allocator.h"
