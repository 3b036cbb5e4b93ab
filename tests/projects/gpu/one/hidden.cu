// Two units with one name and equal text: nothing of theirs has a name outside.
#include "hidden.inc"
