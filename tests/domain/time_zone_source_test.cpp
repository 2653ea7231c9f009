#include "domain/time_zone_source.hpp"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "domain/time_zone.hpp"

namespace cued {
namespace {

namespace fs = std::filesystem;

/// Two directories of compiled zones, empty at first.
class time_zone_choices : public testing::Test {
protected:
  time_zone_choices() { fs::create_directories(root_); }
  ~time_zone_choices() override { fs::remove_all(root_); }

  [[nodiscard]] std::string system() const { return (root_ / "system").string(); }
  [[nodiscard]] std::string updated() const { return (root_ / "updated").string(); }

  static void zone(const std::string& directory, const std::string& name) {
    const auto file = fs::path{directory} / name;
    fs::create_directories(file.parent_path());
    std::ofstream{file, std::ios::binary} << "TZif and the rest";
  }
  static void release(const std::string& directory, const std::string& name, const std::string& text) {
    fs::create_directories(directory);
    std::ofstream{fs::path{directory} / name} << text << '\n';
  }

  [[nodiscard]] time_zone_choice choice() const { return choose_time_zones(system(), updated()); }

  const fs::path root_ = fs::path{testing::TempDir()} / testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(time_zone_choices, without_a_second_database_the_systems_is_used_quietly) {
  zone(system(), "UTC");
  EXPECT_EQ(choice().used.directory, system());
  EXPECT_FALSE(choice().suspicious);
  EXPECT_EQ(choose_time_zones(system(), "").used.directory, system());
}

TEST_F(time_zone_choices, the_newer_one_is_used) {
  zone(system(), "Europe/Paris");
  release(system(), "tzdata.zi", "# version 2025b");
  zone(updated(), "Europe/Paris");
  release(updated(), "+VERSION", "2026a");
  EXPECT_EQ(choice().used.directory, updated());
  EXPECT_EQ(choice().used.release, "2026a");
  EXPECT_EQ(choice().used.zones, 1U);
  EXPECT_NE(choice().why.find("2025b"), std::string::npos);
  EXPECT_FALSE(choice().suspicious);
}

TEST_F(time_zone_choices, one_that_fell_behind_the_system_is_not_used) {
  for (const char* system_release : {"2026a", "2026b", "2027a"}) {
    zone(system(), "UTC");
    release(system(), "tzdata.zi", std::string{"# version "} + system_release);
    zone(updated(), "UTC");
    release(updated(), "+VERSION", "2026a");
    EXPECT_EQ(choice().used.directory, system()) << system_release;
    EXPECT_FALSE(choice().suspicious) << system_release;
  }
}

TEST_F(time_zone_choices, one_that_lacks_a_zone_would_stop_cues_and_is_refused) {
  zone(system(), "Europe/Paris");
  zone(system(), "US/Pacific");
  release(system(), "tzdata.zi", "# version 2025b");
  zone(updated(), "Europe/Paris");
  release(updated(), "+VERSION", "2026a");
  EXPECT_EQ(choice().used.directory, system());
  EXPECT_TRUE(choice().suspicious);
  EXPECT_NE(choice().why.find("lacks US/Pacific"), std::string::npos);
}

TEST_F(time_zone_choices, one_that_does_not_tell_its_release_is_refused) {
  zone(system(), "UTC");
  zone(updated(), "UTC");
  EXPECT_EQ(choice().used.directory, system());
  EXPECT_TRUE(choice().suspicious);
  release(updated(), "+VERSION", "the newest");
  EXPECT_EQ(choice().used.directory, system());
  EXPECT_TRUE(choice().suspicious);
}

TEST_F(time_zone_choices, a_directory_without_zones_is_refused) {
  zone(system(), "UTC");
  release(updated(), "+VERSION", "2026a");
  EXPECT_EQ(choice().used.directory, system());
  EXPECT_TRUE(choice().suspicious);
}

TEST_F(time_zone_choices, a_machine_without_a_database_uses_the_second_one) {
  zone(updated(), "UTC");
  release(updated(), "tzdata.zi", "# version 2026b");
  EXPECT_EQ(choice().used.directory, updated());
}

TEST(time_zone_release, is_ordered_by_year_and_letters) {
  EXPECT_EQ(is_newer_release("2026a", "2025z"), true);
  EXPECT_EQ(is_newer_release("2026b", "2026a"), true);
  EXPECT_EQ(is_newer_release("2026za", "2026z"), true);
  EXPECT_EQ(is_newer_release("2026a", "2026a"), false);
  EXPECT_EQ(is_newer_release("2025c-rearguard", "2026a"), false);
  EXPECT_EQ(is_newer_release("2026", "2026a"), std::nullopt);
  EXPECT_EQ(is_newer_release("26a", "2026a"), std::nullopt);
  EXPECT_EQ(is_newer_release("", "2026a"), std::nullopt);
}

/// In a process of its own: zones are collected once in a process.
class time_zone_choices_DeathTest : public time_zone_choices {
protected:
  time_zone_choices_DeathTest() { testing::GTEST_FLAG(death_test_style) = "threadsafe"; }
};

TEST_F(time_zone_choices_DeathTest, what_was_chosen_is_what_zones_are_read_from) {
  zone(updated(), "Some/Where");
  release(updated(), "+VERSION", "2031c");
  EXPECT_EXIT(
      {
        use_time_zones(choice().used);
        std::_Exit(time_zone_count() == 1 && time_zone_data_version() == "2031c" ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

} // namespace
} // namespace cued
