// UNVERIFIED: for Android Studio; the machine that tests this repository has no Google Maven. See README.md.
pluginManagement {
    repositories {
        google()
        mavenCentral()
        gradlePluginPortal()
    }
}

dependencyResolutionManagement {
    repositories {
        google()
        mavenCentral()
    }
}

rootProject.name = "bitcraps-android"
include(":sdk")
