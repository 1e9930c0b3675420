// UNVERIFIED: the AAR for phones, run by build-aar. The JVM build of the same sources is pom.xml.
plugins {
    id("com.android.library") version "8.13.0"
    alias(libs.plugins.kotlin.android)
}

val output: String = providers.gradleProperty("bitcraps.output").get()

android {
    namespace = "app.bitcraps"
    compileSdk = 36
    defaultConfig {
        minSdk = 26
        // JNA finds its classes by reflection, and ships no rules of its own.
        consumerProguardFiles("consumer-rules.pro")
    }
    sourceSets["main"].apply {
        java.srcDirs("src/main/kotlin", "$output/generated")
        jniLibs.srcDirs("$output/jniLibs")
    }
    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_17
        targetCompatibility = JavaVersion.VERSION_17
    }
}

dependencies {
    api(libs.coroutines)
    // The AAR has the natives for phones; the jar has those for desktops and must not come along.
    api("net.java.dev.jna:jna:${libs.versions.jna.get()}@aar")
}
