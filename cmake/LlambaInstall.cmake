# What `make install` and `make deb` put on a system: the programs, their manual
# pages and bash completions, the small model, the documents.
include(GNUInstallDirs)

# The documents keep their places to one another, so that their links hold.
install(FILES README.md CONTRIBUTING.md LICENSE
        DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT documents)
install(FILES models/README.md DESTINATION ${CMAKE_INSTALL_DOCDIR}/models
        COMPONENT documents)
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT documents
        FILES_MATCHING PATTERN "*.md")
# Where Debian looks for it.
install(FILES LICENSE RENAME copyright DESTINATION ${CMAKE_INSTALL_DOCDIR}
        COMPONENT documents)

# A program writes its manual page and its completion itself, from the text and
# the flags that --help shows, so it must run here. (A sanitized program is not for
# installing.)
if(NOT TARGET llamba OR NOT LLAMBA_INSTALL OR LLAMBA_SANITIZE OR
   CMAKE_CROSSCOMPILING)
  return()
endif()
set(share ${CMAKE_BINARY_DIR}/share)
file(MAKE_DIRECTORY ${share})
set(shared_files)
foreach(program llamba llamba-distill)
  if(NOT TARGET ${program})
    continue()
  endif()
  add_custom_command(OUTPUT ${share}/${program}.1.gz
    COMMAND ${program} help --man > ${share}/${program}.1
    COMMAND gzip -9nc ${share}/${program}.1 > ${share}/${program}.1.gz
    WORKING_DIRECTORY ${share} DEPENDS ${program} VERBATIM)
  add_custom_command(OUTPUT ${share}/${program}.bash
    COMMAND ${program} completion bash > ${share}/${program}.bash
    DEPENDS ${program} VERBATIM)
  list(APPEND shared_files ${share}/${program}.1.gz ${share}/${program}.bash)
  install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  install(FILES ${share}/${program}.1.gz
          DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
  install(FILES ${share}/${program}.bash RENAME ${program}
          DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
endforeach()
add_custom_target(share ALL DEPENDS ${shared_files})

install(DIRECTORY ${CMAKE_SOURCE_DIR}/models/
        DESTINATION ${CMAKE_INSTALL_DATADIR}/llamba/models)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME llamba)
set(CPACK_PACKAGE_VENDOR llamba)
set(CPACK_PACKAGE_CONTACT "The llamba developers <llamba@localhost>")
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_SOURCE_DIR}/build/packages)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"Runs Llamba models, recurrent language models distilled from Llama, on a CPU.
Their memory of a conversation has a fixed size, however long the text is.
The program continues texts, chats, converts checkpoints and measures models.")
include(CPack)
