#pragma once
#include "cmake/pch_std.hpp"
#include <gmock/gmock.h>
#include <gtest/gtest.h>
