#pragma once
#include "cmake/pch_std.hpp"
#include <pqxx/pqxx>
#include <spdlog/spdlog.h>
