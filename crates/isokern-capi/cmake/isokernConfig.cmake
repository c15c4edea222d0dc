# Models from C and C++: `find_package(isokern)`.
#
#     find_package(isokern REQUIRED)        # -Disokern_DIR=<isokern>/crates/isokern-capi/cmake
#     add_executable(firmware main.c)
#     isokern_add_model(firmware digits.tflite)
#
# isokern::isokern
#     The header and the static library, which cargo builds along with the program.
# isokern_add_model(<target> <file.tflite> [NAME <name>])
#     Writes a model as C, adds it to the target and links the library. The name is that of the file
#     unless it is given: the target includes "<name>.h" and uses <name>_model.
#
# ISOKERN_RUST_TARGET
#     The target of the library, such as thumbv7em-none-eabihf; the host's if it is empty.
#     It belongs to the `-mcpu` and the `-mfloat-abi` of the program.
# ISOKERN_CARGO, ISOKERN_TARGET_DIR
#     cargo, by default the one on the path, and where it builds, by default in the build folder.
# ISOKERN_CONVERTER
#     The program `isokern` that converts models; by default cargo builds it.

cmake_minimum_required(VERSION 3.20)
include_guard(GLOBAL)

get_filename_component(_isokern_crate "${CMAKE_CURRENT_LIST_DIR}/.." ABSOLUTE)
get_filename_component(_isokern_root "${_isokern_crate}/../.." ABSOLUTE)
set(ISOKERN_RUST_TARGET "" CACHE STRING "Target of the library; the host's if empty")
find_program(ISOKERN_CARGO cargo)
if(NOT ISOKERN_CARGO)
    set(isokern_FOUND FALSE)
    set(isokern_NOT_FOUND_MESSAGE "cargo is missing. Fix: install rustup, or set ISOKERN_CARGO.")
    return()
endif()

set(ISOKERN_TARGET_DIR "${CMAKE_BINARY_DIR}/isokern" CACHE PATH "Where cargo builds")
set(ISOKERN_CONVERTER "" CACHE FILEPATH "The program isokern; built by cargo if empty")
set(_isokern_arguments rustc --manifest-path "${_isokern_root}/Cargo.toml" -p isokern-capi
    --crate-type staticlib --profile firmware --target-dir "${ISOKERN_TARGET_DIR}")
if(ISOKERN_RUST_TARGET)
    list(APPEND _isokern_arguments --features panic-handler --target "${ISOKERN_RUST_TARGET}")
    set(_isokern_library
        "${ISOKERN_TARGET_DIR}/${ISOKERN_RUST_TARGET}/firmware/libisokern_capi.a")
else()
    list(APPEND _isokern_arguments --features std)
    set(_isokern_library "${ISOKERN_TARGET_DIR}/firmware/libisokern_capi.a")
endif()

# Cargo knows what has changed, so it is always asked.
add_custom_target(isokern_library
    COMMAND "${ISOKERN_CARGO}" ${_isokern_arguments}
    BYPRODUCTS "${_isokern_library}"
    COMMENT "The library of isokern, by cargo"
    VERBATIM)

add_library(isokern::isokern STATIC IMPORTED GLOBAL)
add_dependencies(isokern::isokern isokern_library)
set_target_properties(isokern::isokern PROPERTIES
    IMPORTED_LOCATION "${_isokern_library}"
    INTERFACE_INCLUDE_DIRECTORIES "${_isokern_crate}/include")
if(NOT ISOKERN_RUST_TARGET)
    find_package(Threads REQUIRED)
    set_property(TARGET isokern::isokern PROPERTY
        INTERFACE_LINK_LIBRARIES Threads::Threads ${CMAKE_DL_LIBS} m)
endif()

set(_ISOKERN_ROOT "${_isokern_root}" CACHE INTERNAL "")

function(isokern_add_model target file)
    cmake_parse_arguments(PARSE_ARGV 2 model "" "NAME" "")
    get_filename_component(path "${file}" ABSOLUTE)
    if(NOT model_NAME)
        get_filename_component(model_NAME "${file}" NAME_WE)
    endif()
    set(folder "${CMAKE_CURRENT_BINARY_DIR}/isokern_models")
    file(MAKE_DIRECTORY "${folder}")
    set(converter "${ISOKERN_CONVERTER}")
    if(NOT converter)
        set(converter "${ISOKERN_CARGO}" run --quiet --release
            --manifest-path "${_ISOKERN_ROOT}/Cargo.toml" -p isokern-cli
            --target-dir "${ISOKERN_TARGET_DIR}" --)
    endif()
    add_custom_command(
        OUTPUT "${folder}/${model_NAME}.c" "${folder}/${model_NAME}.h"
        COMMAND ${converter} convert "${path}" --emit c -o "${folder}/${model_NAME}.c"
        DEPENDS "${path}"
        COMMENT "${model_NAME} as C"
        VERBATIM)
    target_sources(${target} PRIVATE "${folder}/${model_NAME}.c" "${folder}/${model_NAME}.h")
    target_include_directories(${target} PRIVATE "${folder}")
    target_link_libraries(${target} PRIVATE isokern::isokern)
endfunction()

set(isokern_FOUND TRUE)
