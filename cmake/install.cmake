# What `cmake --install` and the packages hold: the program, its manual, completions, documents.
install(TARGETS nvcache RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES docs/nvcache.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES docs/completions/nvcache.bash
  DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME nvcache)
install(FILES docs/completions/_nvcache DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES docs/completions/nvcache.fish
  DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
install(FILES README.md CHANGELOG.md LICENSE docs/stats-json.md DESTINATION ${CMAKE_INSTALL_DOCDIR})

# `cpack` in the build directory makes a .deb and a .tar.gz.  A statically linked program depends
# on nothing; otherwise dpkg-shlibdeps finds what it needs.
set(CPACK_GENERATOR DEB TGZ)
set(CPACK_PACKAGE_NAME nvcache)
set(CPACK_PACKAGE_VENDOR "the nvcache authors")
set(CPACK_PACKAGE_CONTACT "the nvcache authors <nvcache@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Compilation cache for nvcc")
set(CPACK_PACKAGE_DESCRIPTION_FILE ${PROJECT_SOURCE_DIR}/docs/package.txt)
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_RESOURCE_FILE_README ${PROJECT_SOURCE_DIR}/README.md)
set(CPACK_STRIP_FILES TRUE)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_FILE_NAME nvcache-${PROJECT_VERSION}-linux-${CMAKE_SYSTEM_PROCESSOR})
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
if(NOT (NVC_STATIC AND NVC_HAVE_ARCHIVES))
  set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
endif()
include(CPack)
