# The system's libraries.  Static archives are preferred, so that starting the program costs
# what an empty static program costs; a system without them gets shared ones.
set(NVC_HAVE_ARCHIVES TRUE)

function(nvc_dependency name header)
  find_path(NVC_${name}_INCLUDE ${header} REQUIRED)
  find_library(NVC_${name}_LIBRARY NAMES lib${name}.a ${name} REQUIRED)
  if(NOT NVC_${name}_LIBRARY MATCHES "\\.a$")
    set(NVC_HAVE_ARCHIVES FALSE PARENT_SCOPE)
  endif()
  add_library(nvc_${name} INTERFACE)
  target_include_directories(nvc_${name} SYSTEM INTERFACE ${NVC_${name}_INCLUDE})
  target_link_libraries(nvc_${name} INTERFACE ${NVC_${name}_LIBRARY})
endfunction()

nvc_dependency(sodium sodium.h)
nvc_dependency(xxhash xxhash.h)
nvc_dependency(zstd zstd.h)
nvc_dependency(lmdb lmdb.h)

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
target_link_libraries(nvc_lmdb INTERFACE Threads::Threads)
