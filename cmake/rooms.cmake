# nvc_room(NAME BELOW...): the static library of one room, which sees the rooms below only by
# their public headers.
function(nvc_room name)
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.c)
  add_library(nvc_${name} STATIC ${sources})
  target_include_directories(nvc_${name}
    PUBLIC ${PROJECT_SOURCE_DIR}/include
    PRIVATE ${PROJECT_SOURCE_DIR}/src/${name})
  target_link_libraries(nvc_${name} PRIVATE nvc_flags)
  foreach(below IN LISTS ARGN)
    target_link_libraries(nvc_${name} PUBLIC nvc_${below})
  endforeach()
endfunction()
