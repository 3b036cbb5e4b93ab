#define WHICH 2
#define NAME twin_two
#include "../twin.inc"
