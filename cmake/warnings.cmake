# Flags for all of our own code, as one interface target.
add_library(nvc_flags INTERFACE)
target_compile_definitions(nvc_flags INTERFACE _GNU_SOURCE)
target_compile_options(nvc_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wcast-qual -Wformat=2
  -Wundef -Wvla -Walloca -Wstrict-prototypes -Wold-style-definition -Wmissing-prototypes
  -Wredundant-decls -Wnested-externs -Wpointer-arith -Wwrite-strings -Wnull-dereference
  -Wdouble-promotion -Wswitch-enum -Wimplicit-fallthrough -fno-common -fvisibility=hidden
  -fstack-protector-strong)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  target_compile_options(nvc_flags INTERFACE
    -Wcast-align=strict -Wformat-signedness -Wlogical-op -Wduplicated-cond
    -Wduplicated-branches -Wjump-misses-init -Wtrampolines -Wstack-usage=16384
    -fstack-clash-protection)
endif()
if(NVC_WERROR)
  target_compile_options(nvc_flags INTERFACE -Werror)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release" OR CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
  target_compile_options(nvc_flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()
target_link_options(nvc_flags INTERFACE -Wl,-z,relro,-z,now)
if(NVC_SANITIZE)
  target_compile_options(nvc_flags INTERFACE -fsanitize=${NVC_SANITIZE}
    -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(nvc_flags INTERFACE -fsanitize=${NVC_SANITIZE})
endif()
if(NVC_FUZZ)
  target_compile_options(nvc_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(NVC_COVERAGE)
  target_compile_options(nvc_flags INTERFACE --coverage)
  target_link_options(nvc_flags INTERFACE --coverage)
endif()
