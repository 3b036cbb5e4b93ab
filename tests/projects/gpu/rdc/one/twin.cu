#define WHICH 1
#define NAME twin_one
#include "../twin.inc"
