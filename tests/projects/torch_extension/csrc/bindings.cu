#include "ops.h"

PYBIND11_MODULE(TORCH_EXTENSION_NAME, m)
{
    m.attr("file") = __FILE__;
#ifdef WITH_SCALE
    m.def("scale", &scale);
#endif
#ifdef WITH_TOTAL
    m.def("total", &total);
#endif
#ifdef WITH_SORTED
    m.def("sorted", &sorted);
#endif
#ifdef WITH_RUNNING
    m.def("running", &running);
#endif
#ifdef WITH_SOFTMAX
    m.def("softmax", &softmax);
#endif
#ifdef WITH_HISTOGRAM
    m.def("histogram", &histogram);
#endif
}
